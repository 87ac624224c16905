"use strict";
(() => {
  const tests = [...document.querySelectorAll("details.test")];
  const texts = tests.map((test) => test.textContent.toLowerCase());
  const filter = document.getElementById("filter");
  const outcome = document.getElementById("outcome");
  const shown = document.getElementById("shown");
  const open = document.getElementById("open");
  const theme = document.getElementById("theme");
  const root = document.documentElement;

  const visible = () => tests.filter((test) => !test.hidden);

  function apply() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    tests.forEach((test, n) => {
      test.hidden = !words.every((word) => texts[n].includes(word))
        || (outcome.value !== "" && test.dataset.outcome !== outcome.value);
    });
    shown.textContent = `${visible().length} of ${tests.length} shown`;
  }

  function move(step) {
    const list = visible();
    if (!list.length) return;
    const here = list.findIndex((test) => test.contains(document.activeElement));
    const next = here < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(Math.max(here + step, 0), list.length - 1);
    list[next].querySelector("summary").focus();
  }

  filter.addEventListener("input", apply);
  outcome.addEventListener("change", apply);
  filter.form.addEventListener("submit", (event) => event.preventDefault());
  open.addEventListener("click", () => {
    const all = visible().some((test) => !test.open);
    visible().forEach((test) => { test.open = all; });
    open.textContent = all ? "Close all" : "Open all";
  });

  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  function showTheme() {
    theme.setAttribute("aria-pressed", String(isDark()));
    theme.textContent = isDark() ? "Light" : "Dark";
  }
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  showTheme();

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
    if (event.key === "Escape" && event.target === filter) { filter.value = ""; apply(); filter.blur(); return; }
    if (typing) return;
    if (event.key === "/") { event.preventDefault(); filter.focus(); }
    if (event.key === "j") move(1);
    if (event.key === "k") move(-1);
  });
  apply();
})();
