// Asks before it deletes, without leaving the page.
//
// Without this script the link leads to a page that asks.

const dialog = document.querySelector("#confirm");

document.querySelector("#files").addEventListener("click", (event) => {
  const link = event.target.closest(".delete");
  if (!link) return;
  event.preventDefault();
  dialog.querySelector("form").action = link.href;
  dialog.querySelector(".name").textContent =
    link.closest("li").querySelector(".name").textContent;
  dialog.showModal();
});
