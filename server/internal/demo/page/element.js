// Makes elements. Nothing on this page is made from HTML in a text: a user ID is anybody's text.

const SVG = "http://www.w3.org/2000/svg";

/** Finds an element of the page by its id. */
export const $ = (id) => document.getElementById(id);

/** Makes an element, with properties and with elements or texts in it. */
export function make(tag, properties = {}, ...inside) {
  const element = document.createElement(tag);
  const { dataset, ...rest } = properties;
  Object.assign(element, rest);
  Object.assign(element.dataset, dataset);
  element.append(...inside);
  return element;
}

/** Makes one of the icons in index.html. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}
