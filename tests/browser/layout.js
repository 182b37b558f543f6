// Measure the items of a list and their visible parts: boxes in pixels of the page.
({ items, parts }) => {
  const box = ({ x, y, width, height }) => ({
    x: x + scrollX,
    y: y + scrollY,
    width,
    height,
    right: x + scrollX + width,
    bottom: y + scrollY + height,
  });
  const measure = (item) => {
    const found = {};
    for (const [name, selector] of Object.entries(parts)) {
      const part = item.querySelector(selector);
      if (part?.checkVisibility()) found[name] = box(part.getBoundingClientRect());
    }
    const words = document.createRange();
    words.selectNodeContents(item.querySelector(".name"));
    // Lines of a name that is cut after the third one are not seen.
    const lines = [...words.getClientRects()].map(box);
    const seen = lines.filter(({ bottom }) => bottom < found.name.bottom + 2);
    return { item: box(item.getBoundingClientRect()), parts: found, lines: seen };
  };
  return [...document.querySelectorAll(items)].map(measure);
};
