// The way back to a kept place. Without it everything works by a link and a cookie.

// A second press would take away the answer to the first, and the link is good once.
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}

// The page comes from the browser's memory when somebody goes back to it: then the button is to be pressed again.
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// The chat's own page knows its visitor by what is stored here. Storage may be refused: then the link on the page leads
// to the one that needs none.
const here = document.getElementById("here");
if (here) {
  try {
    localStorage.setItem(here.dataset.key, here.dataset.token);
    location.replace(here.dataset.chat);
  } catch {
    here.querySelector("a").focus();
  }
}
