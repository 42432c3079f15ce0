(() => {
  const wrong = [];

  // Colours, as WCAG 2.2 reckons: relative luminance and contrast ratio.
  const channels = (colour) => {
    const numbers = colour.match(/^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/);
    if (!numbers) throw new Error(`the colour ${colour}`);
    return numbers.slice(1).map((n, i) => (i < 3 ? n / 255 : Number(n ?? 1)));
  };
  const luminance = (colour) => {
    const [r, g, b] = channels(colour).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      const alpha = channels(colour)[3];
      if (alpha === 1) return colour;
      if (alpha !== 0) throw new Error(`<${e.localName}> is half transparent`);
    }
    return "rgb(255, 255, 255)";
  };
  const needs = (least, what, colour, behind) => {
    const [light, dark] = [luminance(colour), luminance(behind)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < least) wrong.push(`${what}: a contrast of ${ratio.toFixed(2)}, ${colour} on ${behind}, want ${least}`);
  };

  // §1.4.3: text.
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility() || element.closest("style, script")) continue;
    texts++;
    needs(4.5, JSON.stringify(text), getComputedStyle(element).color, background(element));
  }
  const input = document.querySelector("input");
  needs(4.5, "the placeholder", getComputedStyle(input, "::placeholder").color, background(input));
  // §1.4.11: what else one has to see.
  needs(3, "the border of the box", getComputedStyle(input).borderTopColor, background(input.parentElement));
  for (const a of document.querySelectorAll("tbody a")) {
    needs(3, `the icon of ${a.textContent}`, getComputedStyle(a, "::before").backgroundColor, background(a));
  }

  // Nothing is beyond the edges, or cut off.
  const width = Math.max(window.innerWidth, document.scrollingElement.scrollWidth);
  for (const e of document.body.querySelectorAll("*")) {
    if (!e.checkVisibility()) continue;
    const { left, right } = e.getBoundingClientRect();
    if (left < 0 || right > width + 0.5) wrong.push(`<${e.localName}> ${e.textContent.slice(0, 40)} is beyond the edge`);
    if (e.matches("a, td, th, p, h1, caption") && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline") {
      wrong.push(`<${e.localName}> ${e.textContent.slice(0, 40)} is cut off: ${e.scrollWidth} > ${e.clientWidth}`);
    }
  }

  return {
    width,
    texts,
    paper: luminance(background(document.body)),
    wrong,
    smallest: Math.min(...Array.from(document.links, (a) => {
      const fillsRow = getComputedStyle(a, "::after").position === "absolute";
      return (fillsRow ? a.closest("tr") : a).getBoundingClientRect().height;
    })),
  };
})()
