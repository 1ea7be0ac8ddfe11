"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  const profiles = [...document.querySelectorAll("details.profile")];
  const openForPrint = () => {
    for (const item of document.querySelectorAll("details:not([open])")) {
      item.open = true;
      item.dataset.wasClosed = "";
    }
  };
  const closeAfterPrint = () => {
    for (const item of document.querySelectorAll("details[data-was-closed]")) {
      item.open = false;
      delete item.dataset.wasClosed;
    }
  };
  addEventListener("beforeprint", openForPrint);
  addEventListener("afterprint", closeAfterPrint);
  const search = document.getElementById("search");
  if (!search) return;
  const platform = document.getElementById("platform");
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const toggles = [...document.querySelectorAll("button.toggle[aria-pressed]")];
  const pressed = (kind) =>
    toggles.filter((b) => b.getAttribute("aria-pressed") === "true" && b.dataset[kind])
      .map((b) => b.dataset[kind]);
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = pressed("verdict");
    const severities = pressed("severity");
    let count = 0;
    for (const item of profiles) {
      const data = item.dataset;
      const fits =
        words.every((word) => data.search.includes(word)) &&
        (!platform.value || data.platform === platform.value) &&
        (!verdicts.length || verdicts.includes(data.verdict)) &&
        (!severities.length || severities.some((s) => data.severities.split(" ").includes(s)));
      item.hidden = !fits;
      count += fits ? 1 : 0;
    }
    shown.textContent =
      count === profiles.length ? `${count} profiles` : `${count} of ${profiles.length} profiles`;
    nothing.hidden = count > 0;
  };
  const reset = () => {
    search.value = "";
    platform.value = "";
    for (const button of toggles) button.setAttribute("aria-pressed", "false");
  };
  search.addEventListener("input", apply);
  platform.addEventListener("change", apply);
  for (const button of toggles) {
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") === "true";
      button.setAttribute("aria-pressed", String(!on));
      apply();
    });
  }
  document.getElementById("reset").addEventListener("click", () => { reset(); apply(); });
  document.getElementById("open-all").addEventListener("click", () => {
    for (const item of profiles) if (!item.hidden) item.open = true;
  });
  for (const link of document.querySelectorAll("a[data-show-verdict], a[data-show-severity]")) {
    link.addEventListener("click", () => {
      reset();
      const { showVerdict, showSeverity } = link.dataset;
      for (const button of toggles) {
        const meant = showVerdict
          ? button.dataset.verdict === showVerdict
          : button.dataset.severity === showSeverity;
        if (meant) button.setAttribute("aria-pressed", "true");
      }
      apply();
    });
  }
  const openTarget = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches("details.profile")) {
      if (target.hidden) { reset(); apply(); }
      target.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", openTarget);
  openTarget();
  apply();
})();
