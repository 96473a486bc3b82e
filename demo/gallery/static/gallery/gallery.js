"use strict";
// Comfort only: without this script the page still uploads and deletes, by plain forms.

const upload = document.querySelector("[data-upload]");
const input = upload.querySelector("input[type=file]");

input.addEventListener("change", () => {
  if (!input.files.length) return;
  const count = input.files.length;
  upload.querySelector("label").textContent = `Uploading ${count} picture${count > 1 ? "s" : ""}…`;
  upload.setAttribute("aria-busy", "true");
  upload.requestSubmit();
});
for (const [event, over] of [["dragenter", true], ["dragleave", false], ["drop", false]]) {
  upload.addEventListener(event, () => upload.classList.toggle("over", over));
}

// Coming back by the browser's history must not show an upload that is long over.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

const dialog = document.querySelector("#confirm");
let doomed = null;

for (const form of document.querySelectorAll("[data-delete]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    doomed = form;
    dialog.querySelector("[data-title]").textContent = form.dataset.delete;
    dialog.returnValue = "";
    dialog.showModal();
  });
}
dialog.addEventListener("close", () => {
  if (dialog.returnValue === "delete") doomed.submit();
});
