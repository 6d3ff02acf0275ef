const box = document.getElementById("search"), said = document.querySelector(".search output");
const groups = [...document.querySelectorAll("details.group")];
const all = groups.map(group => [group, group.open, [...group.querySelectorAll(".question")].map(row => [row, row.textContent.toLowerCase()])]);
box.closest("p").hidden = false;
box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const [group, open, rows] of all) {
    let here = 0;
    for (const [row, text] of rows) { row.hidden = !words.every(word => text.includes(word)); here += !row.hidden; }
    group.hidden = !here;
    group.open = words.length ? true : open;
    found += here;
  }
  said.textContent = words.length ? found + (found === 1 ? " question" : " questions") : "";
});
