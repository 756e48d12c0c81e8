/** The review sheet's part on the map: the candidates as lettered pins, and a pin of one's own. */
export function openReview(sheet, map) {
  const listed = sheet?.dataset.candidates ?? "";
  map.showCandidates(listed.split(";").filter(Boolean).map((pair) => pair.split(",").map(Number)));
  map.pin(null);
  const form = sheet?.querySelector("form.pin");
  if (!form) return;
  form.querySelector("[data-pin]").addEventListener("click", () => {
    form.classList.add("pinning");
    map.pin((at) => {
      form.elements.lat.value = at.lat.toFixed(6);
      form.elements.lon.value = at.lng.toFixed(6);
      form.querySelector("[type=submit]").disabled = false;
    });
  });
}
