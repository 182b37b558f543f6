const wasm = document.querySelector("main").dataset.wasm;
initSqlJs({ locateFile: () => wasm }).then((SQL) => {
  const [answer] = new SQL.Database().exec("select 40 + 2");
  document.body.dataset.ready = answer.values[0][0] === 42 ? "yes" : "no";
});
