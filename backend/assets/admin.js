// Makes server-rendered pages nicer. Nothing here is needed: without it times are in UTC and texts are copied by hand.

const zone = { dateStyle: "medium", timeStyle: "short" };
const language = document.documentElement.lang || undefined;
const format = new Intl.DateTimeFormat(language, zone);

for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) {
    time.title = time.textContent;
    time.textContent = format.format(at);
  }
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) continue;
  const label = button.querySelector("span") ?? button;
  const before = label.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      label.textContent = button.dataset.copied;
    } catch {
      getSelection().selectAllChildren(source);
    }
    setTimeout(() => { label.textContent = before; }, 2000);
  });
}

for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// Days of a search begin where the reader is, unless the search says otherwise.
const here = document.getElementById("zone");
if (here && !new URLSearchParams(location.search).has("zone")) {
  const offset = String(-new Date().getTimezoneOffset());
  if ([...here.options].some((option) => option.value === offset)) here.value = offset;
}

// Business hours are most often those of whoever enters them.
const hours = document.getElementById("time_zone");
if (hours && !hours.value) hours.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

for (const select of document.querySelectorAll(".switch select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
