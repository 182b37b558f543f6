const players = [...document.querySelectorAll("audio, video")];
// Chromium plays only after a click; that it could says as much.
const loaded = players.map((player) => new Promise((resolve) => {
  player.oncanplaythrough = resolve;
  player.load();
}));
Promise.all(loaded).then(() => {
  document.body.dataset.ready = "yes";
});
