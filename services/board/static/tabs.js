/** Tabs as the ARIA practices have them: arrow keys move, one panel shows. */
export function tabs(list) {
  const all = [...list.querySelectorAll("[role=tab]")];
  const open = (tab, focus) => {
    for (const each of all) {
      const mine = each === tab;
      each.setAttribute("aria-selected", mine);
      each.tabIndex = mine ? 0 : -1;
      document.getElementById(each.getAttribute("aria-controls")).hidden = !mine;
    }
    if (focus) tab.focus();
  };
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) open(tab, false);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const here = all.indexOf(document.activeElement);
    open(all.at((here + step) % all.length), true);
  });
}
