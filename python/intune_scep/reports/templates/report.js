"use strict";
(() => {
  const page = document.documentElement;
  const GAP = 16; // Pixels above a profile that a link leads to, as `scroll-margin-top` in the style.
  const NEAR = 2; // Neighbours of the row with the focus that stay drawn, for the Tab key.
  const NOTHING = "nothing to complain about";
  const SETTLED = 5; // Rounds of drawing and measuring, at most.
  const byId = (id) => document.getElementById(id);
  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const element = (tag, style, ...children) => {
    const made = document.createElement(tag);
    if (style) made.className = style;
    made.append(...children);
    return made;
  };
  const chip = (kind, words) => element("span", `chip ${kind}`, words);

  // The profiles: rows of columns, in which a number stands for a text.
  const read = () => {
    const data = JSON.parse(byId("data").textContent);
    const { texts } = data;
    const text = (number) => (number === null ? "" : texts[number]);
    const objects = (columns, rows) => (number) =>
      Object.fromEntries(columns.map((name, column) => [name, rows[number][column]]));
    const profileAt = objects(data.profile_columns, data.profiles);
    const findingAt = objects(data.finding_columns, data.findings);
    const column = Object.fromEntries(data.profile_columns.map((name, at) => [name, at]));
    const findings = data.findings.map((_, number) => {
      const numbers = findingAt(number);
      const words = Object.fromEntries(Object.entries(numbers).map(([k, n]) => [k, text(n)]));
      return { ...words, numbers };
    });
    return {
      count: data.profiles.length,
      value: (place, name) => data.profiles[place][column[name]],
      word: (place, name) => text(data.profiles[place][column[name]]),
      profile: (place) => {
        const row = profileAt(place);
        for (const name of ["edge", "platform", "kind", "verdict", "verdict_words", "reason",
          "certificate_type", "root", "type"]) row[name] = text(row[name]);
        row.assigned = row.assigned && row.assigned.map(text);
        row.used_by = row.used_by && row.used_by.map(text);
        row.findings = row.findings.map((number) => findings[number]);
        return row;
      },
      counts: (place) => {
        const found = { error: 0, warning: 0, info: 0 };
        for (const number of data.profiles[place][column.findings]) {
          if (!findings[number].accepted) found[findings[number].severity] += 1;
        }
        return found;
      },
      finder: () => {
        const low = texts.map((item) => item.toLowerCase());
        const names = data.profiles.map((row) =>
          `${row[column.name]} ${row[column.id]}`.toLowerCase());
        const single = ["platform", "kind", "verdict_words", "root"].map((name) => column[name]);
        const several = [column.assigned, column.used_by];
        // A word is looked for once in each text, not once in each profile.
        return (word) => {
          const hits = low.map((item) => item.includes(word));
          const complains = findings.map(({ numbers }) => hits[numbers.rule] || hits[numbers.message]);
          return (place) => {
            const row = data.profiles[place];
            return names[place].includes(word) || single.some((at) => hits[row[at]]) ||
              several.some((at) => row[at]?.some((number) => hits[number])) ||
              row[column.findings].some((number) => complains[number]);
          };
        };
      },
    };
  };

  const linkTo = (place, words) => {
    const link = element("a", "", words);
    link.href = `#profile-${place + 1}`;
    return link;
  };
  const drawFinding = (item) => {
    const look = item.accepted ? "waived" : item.severity;
    const first = element("p", "", chip(look, `${item.rule} ${item.severity_words}`), ` ${item.message}`);
    const fine = element("p", "fine");
    if (item.property) fine.append(element("code", "", item.property), " · ");
    fine.append(item.source);
    return element("li", `finding edge-${item.accepted ? "none" : item.severity}`, first,
      ...[item.accepted, item.expired].filter(Boolean).map((words) => element("p", "fine", words)),
      element("p", "", element("strong", "", "Remedy:"), ` ${item.remedy}`), fine);
  };
  const drawFacts = (profile) => {
    const list = element("dl", "");
    const fact = (name, ...values) => list.append(element("dt", "", name), element("dd", "", ...values));
    if (profile.certificate_type) fact("Certificate type", profile.certificate_type);
    if (profile.verdict) {
      fact("Trusted root", !profile.root ? "none linked, or not read"
        : profile.root_row === null ? profile.root : linkTo(profile.root_row, profile.root));
    }
    fact("Assigned to", profile.assigned === null ? "not read"
      : profile.assigned.join(", ") || "nobody");
    if (profile.used_by?.length) fact("Used by", profile.used_by.join(", "));
    fact("Id", element("code", "", profile.id || "none"));
    fact("Type", element("code", "", profile.type));
    return list;
  };
  const drawProfile = (profile, counts, place) => {
    const tags = element("span", "tags", chip("platform", profile.platform));
    tags.append(profile.verdict ? chip(`verdict v-${profile.verdict}`, profile.verdict_words)
      : chip("platform", profile.kind));
    for (const severity of ["error", "warning"]) {
      if (counts[severity]) tags.append(chip(severity, counted(counts[severity], severity)));
    }
    const details = element("details", `profile card edge-${profile.edge}`,
      element("summary", "", element("span", "name", profile.name), tags));
    details.id = `profile-${place + 1}`;
    Object.assign(details.dataset, { verdict: profile.verdict, platform: profile.platform });
    if (profile.reason) {
      details.append(element("p", "reason", element("strong", "", "Strong mapping:"), ` ${profile.reason}`));
    }
    details.append(drawFacts(profile), profile.findings.length
      ? element("ul", "findings", ...profile.findings.map(drawFinding))
      : element("p", "", "Nothing to complain about."));
    return details;
  };

  // What is printed: the same rows as in `noscript`, which a page with a script does not have.
  const drawLines = (data) => {
    const rows = Array.from({ length: data.count }, (_, place) => data.profile(place));
    const names = new Map();
    for (const { name } of rows) names.set(name, (names.get(name) ?? 0) + 1);
    const head = (scope, words) => {
      const made = element("th", "", words);
      made.scope = scope;
      return made;
    };
    const body = rows.map((row, place) => {
      const name = names.get(row.name) > 1 ? `${row.name} (${row.id})` : row.name;
      const rules = row.findings.map((item) => (item.accepted ? `${item.rule} (waived)` : item.rule));
      const line = element("tr", "", head("row", name), element("td", "", row.verdict_words || row.kind),
        element("td", "", [...new Set(rules)].join(", ") || NOTHING));
      line.id = `profile-${place + 1}`;
      return line;
    });
    const titles = ["Profile", "Verdict", "Rules that complain"].map((words) => head("col", words));
    const table = element("table", "", element("thead", "", element("tr", "", ...titles)),
      element("tbody", "", ...body));
    table.id = "lines";
    return table;
  };

  // A list that draws only the rows in sight and around it, of whatever height each is.
  const scrolledList = (box, count, drawRow) => {
    const heights = new Float64Array(count); // By place; 0 is not measured yet.
    const guessed = { true: 0, false: 0 }; // Of a row that is open, and of one that is not.
    const opened = new Set();
    const drawn = new Map();
    let shown = [];
    let positions = new Int32Array(count);
    let tops = new Float64Array(1); // By position; the last is the height of the list.
    const height = (place) =>
      heights[place] || guessed[opened.has(place)] || (opened.has(place) ? 400 : 60);
    const arrange = () => {
      shown.forEach((place, position) => { tops[position + 1] = tops[position] + height(place); });
      box.style.height = `${tops[shown.length]}px`;
      for (const [place, row] of drawn) row.style.top = `${tops[positions[place]]}px`;
    };
    const positionAt = (y) => {
      let low = 0;
      let high = shown.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (tops[middle] <= y) low = middle; else high = middle - 1;
      }
      return low;
    };
    const focused = () => {
      const row = document.activeElement?.closest(".slot");
      return row && box.contains(row) ? positions[row.dataset.place] : -1;
    };
    const wanted = () => {
      if (!shown.length) return [];
      const top = -box.getBoundingClientRect().top;
      const around = new Set();
      const add = (from, to) => { for (let at = from; at <= to; at += 1) around.add(at); };
      add(positionAt(top - innerHeight), positionAt(top + 2 * innerHeight));
      const held = focused();
      if (held >= 0) add(Math.max(0, held - NEAR), Math.min(shown.length - 1, held + NEAR));
      return [...around].sort((one, other) => one - other);
    };
    const measure = () => {
      let changed = false;
      for (const [place, row] of drawn) {
        const now = row.getBoundingClientRect().height;
        if (now && Math.abs(now - heights[place]) > 0.01) {
          heights[place] = now;
          guessed[opened.has(place)] ||= now;
          changed = true;
        }
      }
      return changed;
    };
    const watch = new ResizeObserver(() => draw());
    const fill = () => {
      const places = wanted();
      const stay = new Set(places.map((position) => shown[position]));
      for (const [place, row] of drawn) {
        if (!stay.has(place)) {
          watch.unobserve(row);
          row.remove();
          drawn.delete(place);
        }
      }
      let next = box.firstChild;
      for (const position of places) {
        const place = shown[position];
        const known = drawn.get(place);
        if (known) { next = known.nextSibling; continue; }
        const row = drawRow(place, opened.has(place));
        row.dataset.place = place;
        row.setAttribute("aria-posinset", position + 1);
        row.setAttribute("aria-setsize", shown.length);
        row.style.top = `${tops[position]}px`;
        drawn.set(place, row);
        box.insertBefore(row, next);
        watch.observe(row);
      }
    };
    // What is at the top of the window stays there, however the rows above it turn out.
    const settle = () => {
      const above = -box.getBoundingClientRect().top;
      const pinned = above > 0 && above < tops[shown.length] ? positionAt(above) : -1;
      const before = tops[pinned];
      arrange();
      if (pinned > 0 && tops[pinned] !== before) {
        scrollBy({ top: tops[pinned] - before, behavior: "instant" });
      }
    };
    const draw = () => {
      for (let round = 0; round < SETTLED; round += 1) {
        fill();
        if (!measure()) return;
        settle();
      }
    };
    const clear = () => {
      watch.disconnect();
      box.replaceChildren();
      drawn.clear();
    };
    const focus = (place) => {
      drawn.get(place).querySelector("summary").focus({ preventScroll: true });
    };
    const bring = (place) => {
      for (let round = 0; round < SETTLED; round += 1) {
        const away = box.getBoundingClientRect().top + tops[positions[place]] - GAP;
        if (round && Math.abs(away) < 1) break;
        scrollBy({ top: away, behavior: "instant" });
        draw();
      }
    };
    const open = (place) => {
      if (!opened.has(place)) heights[place] = 0;
      opened.add(place);
      const row = drawn.get(place);
      if (row) row.firstChild.open = true;
    };
    const show = (places) => {
      clear();
      shown = places;
      positions.fill(-1);
      shown.forEach((place, position) => { positions[place] = position; });
      tops = new Float64Array(shown.length + 1);
      arrange();
      draw();
    };
    box.addEventListener("toggle", ({ target }) => {
      const place = Number(target.parentNode.dataset.place);
      if (target.open) opened.add(place); else opened.delete(place);
    }, true);
    box.addEventListener("focusin", () => draw());
    box.addEventListener("keydown", (event) => {
      const here = focused();
      const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: shown.length - 1 }[event.key];
      if (to === undefined || !event.target.matches("summary") || !(to in shown)) return;
      if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      if (!drawn.has(shown[to])) bring(shown[to]);
      focus(shown[to]);
      drawn.get(shown[to]).scrollIntoView({ block: "nearest", behavior: "instant" });
    });
    addEventListener("scroll", draw, { passive: true });
    addEventListener("resize", draw);
    return {
      show,
      draw,
      clear,
      has: (place) => positions[place] >= 0,
      openAll: () => { shown.forEach(open); arrange(); draw(); },
      lead: (place) => { open(place); bring(place); focus(place); },
    };
  };

  const startProfiles = () => {
    const data = read();
    const list = scrolledList(byId("list"), data.count, (place, isOpen) => {
      const details = drawProfile(data.profile(place), data.counts(place), place);
      details.open = isOpen;
      const row = element("div", "slot", details);
      row.setAttribute("role", "listitem");
      return row;
    });
    addEventListener("beforeprint", () => { list.clear(); byId("list").after(drawLines(data)); });
    addEventListener("afterprint", () => {
      byId("lines").remove();
      // Sizes are those of the screen again in the next frame.
      requestAnimationFrame(list.draw);
    });

    const search = byId("search");
    const platform = byId("platform");
    const chosen = byId("chosen");
    const toggles = [...document.querySelectorAll("button[data-verdict], button[data-severity]")];
    const pressed = (kind) =>
      toggles.filter((b) => b.getAttribute("aria-pressed") === "true" && b.dataset[kind])
        .map((b) => b.dataset[kind]);
    const every = Array.from({ length: data.count }, (_, place) => place);
    let only = null;
    let finder = null;
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      if (words.length) finder ||= data.finder();
      const tests = words.map((word) => finder(word));
      const verdicts = pressed("verdict");
      const severities = pressed("severity");
      if (only) tests.push((place) => only.has(place));
      if (platform.value) tests.push((place) => data.word(place, "platform") === platform.value);
      if (verdicts.length) tests.push((place) => verdicts.includes(data.word(place, "verdict")));
      if (severities.length) {
        tests.push((place) => { const counts = data.counts(place); return severities.some((s) => counts[s]); });
      }
      const found = every.filter((place) => tests.every((test) => test(place)));
      byId("shown").textContent = found.length === data.count
        ? `${data.count} profiles` : `${found.length} of ${data.count} profiles`;
      byId("nothing").hidden = found.length > 0;
      chosen.hidden = !only;
      list.show(found);
    };
    const reset = () => {
      search.value = "";
      platform.value = "";
      only = null;
      for (const button of toggles) button.setAttribute("aria-pressed", "false");
    };
    search.addEventListener("input", apply);
    platform.addEventListener("change", apply);
    chosen.addEventListener("click", () => { only = null; apply(); });
    for (const button of toggles) {
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") === "true";
        button.setAttribute("aria-pressed", String(!on));
        apply();
      });
    }
    byId("reset").addEventListener("click", () => { reset(); apply(); });
    byId("open-all").addEventListener("click", list.openAll);
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
    for (const link of document.querySelectorAll("a[data-places]")) {
      link.addEventListener("click", () => {
        reset();
        only = new Set(link.dataset.places.split(" ").map(Number));
        chosen.textContent = `Only: ${link.dataset.what} ✕`;
        apply();
      });
    }
    const lead = () => {
      const place = Number(/^#profile-(\d+)$/.exec(location.hash)?.[1] ?? 0) - 1;
      if (!(place in every)) return;
      if (!list.has(place)) { reset(); apply(); }
      list.lead(place);
    };
    addEventListener("hashchange", lead);
    // The same link twice changes no address.
    addEventListener("click", ({ target }) => {
      const link = target.closest?.("a[href^='#profile-']");
      if (link && link.hash === location.hash) lead();
    });
    apply();
    lead();
  };

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
  const start = () => {
    // Where this fails, the page says that its profiles are not shown.
    try {
      if (byId("list")) startProfiles();
    } catch (error) {
      page.classList.remove("scripted");
      throw error;
    }
    addEventListener("beforeprint", openForPrint);
    addEventListener("afterprint", closeAfterPrint);
  };
  page.classList.add("scripted");
  addEventListener("DOMContentLoaded", start);
})();
