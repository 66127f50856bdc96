"use strict";
// what every part of the page uses
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const build = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children); // strings become text nodes: nothing here is ever parsed as markup
  return element;
};
const make = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);
const draw = (tag, attributes, ...children) => build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const isNumber = (value) => typeof value === "number";
const shown = (value) => {
  if (value === null || value === undefined || value === "") return "–";
  if (!isNumber(value)) return value;
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = Number.isInteger(value) && size < 1e7 ? value.toLocaleString("en")
    : size < 1e-3 || size >= 1e7 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
  return text.replaceAll("-", "−");
};
