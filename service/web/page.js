// Enter asks. A cited page is shown where it is cited. The key, where one is asked for, stays in this tab (sessionStorage)
// and goes with every request. The server renders; this swaps the page in.
"use strict";

const STORED = "touchstone-key";
const HOME = document.querySelector("a.name").href;

function sent(path, options = {}) {
  const key = sessionStorage.getItem(STORED);
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  return fetch(path, { ...options, headers, credentials: "omit" });
}

async function show(options) {
  const reply = await sent(HOME, options);
  if (reply.status === 401) sessionStorage.removeItem(STORED);
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  document.title = page.title;
  document.querySelector("main").replaceWith(page.querySelector("main"));
  if (page.getElementById("key") && sessionStorage.getItem(STORED)) sessionStorage.removeItem(STORED);
}

async function picture(link) {
  const reply = await sent(link.href);
  if (!reply.ok) {
    const said = document.createElement("span");
    said.textContent = (await reply.json()).detail;
    return said;
  }
  const shown = document.createElement("img");
  shown.alt = link.title;
  const bytes = await reply.blob();
  shown.src = await new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(bytes);
  });
  return shown;
}

document.addEventListener("submit", (event) => {
  const asksForKey = event.target.id === "key";
  if (!asksForKey && !sessionStorage.getItem(STORED)) return;
  event.preventDefault();
  if (asksForKey) {
    sessionStorage.setItem(STORED, document.getElementById("secret").value.trim());
    show({});
  } else {
    show({ method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  }
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "question" || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a.page");
  if (!link) return;
  event.preventDefault();
  const figure = link.closest("figure");
  const open = figure.querySelector(".shown");
  if (open) {
    open.remove();
    return;
  }
  const place = document.createElement("div");
  place.className = "shown note";
  figure.append(place);
  place.append(await picture(link));
});

if (sessionStorage.getItem(STORED) && document.getElementById("key")) show({});
