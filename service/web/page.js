// Keeps the key in this tab (sessionStorage) and sends it with every question. The server renders; this swaps the page in.
"use strict";

const STORED = "touchstone-key";

async function show(options) {
  const key = sessionStorage.getItem(STORED);
  const reply = await fetch("/", { ...options, headers: { Authorization: `Bearer ${key}` }, credentials: "omit" });
  if (reply.status === 401) sessionStorage.removeItem(STORED);
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  document.title = page.title;
  document.querySelector("main").replaceWith(page.querySelector("main"));
  if (page.getElementById("key") && sessionStorage.getItem(STORED)) sessionStorage.removeItem(STORED);
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.id === "key") {
    sessionStorage.setItem(STORED, document.getElementById("secret").value.trim());
    show({});
  } else {
    show({ method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  }
});

if (sessionStorage.getItem(STORED)) show({});
