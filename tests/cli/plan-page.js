/*
 * The script of a plan's page, run without a browser: as much of a document as it touches, then what
 * a reader does, and what must then be seen. duktape runs it: ECMAScript 5.
 *
 * Before it come IDS, the ids of the page's elements; DATA, its data; VALUE, where its slider
 * stands; WANT, what other commands say of some plans; then the page's own script as a function,
 * page().
 */
var failures = 0, frames = [], drawn = [], listeners = {}, saved = "", elements = {};

function check(what, fine) {
	if (fine) return;
	failures++;
	print("FAIL: " + what);
}
function same(what, got, want) { check(what + " is \"" + got + "\", expected \"" + want + "\"", got === want); }

/* Arrays of numbers have what arrays have, in browsers. */
[Float64Array, Int32Array].forEach(function (type) {
	["forEach", "reduce", "map", "every"].forEach(function (name) {
		if (!type.prototype[name]) type.prototype[name] = Array.prototype[name];
	});
});

/* ------------------------------------------------------------------------------- the document */

function Context() {}
["setTransform", "clearRect", "scale", "beginPath", "moveTo", "lineTo", "stroke", "fill", "arc", "save", "restore",
	"translate", "rotate", "rect", "clip", "setLineDash"].forEach(function (name) { Context.prototype[name] = function () {}; });
Context.prototype.createPattern = function () { return { setTransform: function () {} }; };
Context.prototype.measureText = function (text) { return { width: 6 * String(text).length }; };
Context.prototype.fillRect = function (x, y, w, h) {
	check("a rectangle of numbers: " + [x, y, w, h], isFinite(x) && isFinite(y) && w >= 0 && h >= 0);
	drawn.push("rect " + [x, y, w, h, this.fillStyle]);
};
Context.prototype.strokeRect = function (x, y, w, h) { drawn.push("frame " + [x, y, w, h]); };
Context.prototype.fillText = function (text) { drawn.push("text " + text); };

function Element() {
	this.style = {};
	this.handlers = {};
	this.attributes = {};
	this.clientWidth = 1000;
	this.offsetWidth = this.offsetHeight = 100;
	this.textContent = "";
	this.parentNode = { clientWidth: 400 };
}
Element.prototype.addEventListener = function (what, f) { this.handlers[what] = f; };
Element.prototype.setAttribute = function (name, value) { this.attributes[name] = String(value); };
Element.prototype.getContext = function () { return this.context || (this.context = new Context()); };
Element.prototype.getBoundingClientRect = function () { return { left: 10, top: 20 }; };
Element.prototype.click = function () {
	if (this.handlers.click) this.handlers.click({});
};

var window = { devicePixelRatio: 2 }, innerWidth = 1200, innerHeight = 800, location = { hash: "" };
var document = {
	documentElement: new Element(),
	getElementById: function (id) { return elements[id] || null; },
	createElement: function () { return new Element(); }
};
function getComputedStyle() { return { getPropertyValue: function () { return " #123456 "; } }; }
function matchMedia() { return { addEventListener: function () {} }; }
function requestAnimationFrame(f) { frames.push(f); }
function addEventListener(what, f) { listeners[what] = f; }
function DOMMatrix() { this.scale = function () { return this; }; }
function Blob(parts) { saved = parts.join(""); }
var URL = { createObjectURL: function () { return "blob:"; } };

IDS.forEach(function (id) { elements[id] = new Element(); });
elements.data.textContent = JSON.stringify(DATA);
if (elements.time) elements.time.value = VALUE;

/* What the browser does when the script has returned. */
function settle() {
	var list = frames;
	frames = [];
	drawn = [];
	list.forEach(function (f) { f(); });
	return list.length;
}
function fire(id, what, event) {
	var f = id ? elements[id].handlers[what] : listeners[what];
	check("something listens for " + what, f);
	if (!f) return;
	event = event || {};
	event.preventDefault = function () {};
	f(event);
}
function shown(id) { return String(elements[id].textContent); }

/* ------------------------------------------------------------------------------ what is shown */

function joulesOf(e) {
	var unit = e >= 2e6 ? [1e6, " MJ"] : e >= 2e3 ? [1e3, " kJ"] : [1, " J"];
	return (e / unit[0]).toPrecision(4) + unit[1];
}
function percentOf(x, digits) { return (x < 0 ? "\u2212" : "") + Math.abs(100 * x).toFixed(digits) + " %"; }

/* Cards and texts tell a plan's figures; the picture has all of its operations. */
function look(name, want) {
	var slower = percentOf(want.slowdown - 1, 2), label = elements.gantt.attributes["aria-label"] || "", rects;
	same(name + ": energy", shown("v-energy"), joulesOf(want.energy_j));
	same(name + ": saving", shown("v-saving"), percentOf(want.saving, 1));
	same(name + ": gap", shown("v-gap"), percentOf(want.gap, 2));
	same(name + ": changes", shown("v-switches"), String(want.switches));
	same(name + ": time", shown("v-time"), (want.slowdown < 1 ? "" : "+") + slower);
	check(name + ": " + shown("time-text"), shown("time-text").indexOf(want.time_s.toFixed(4) + " s") === 0);
	check(name + ": laid out, it ends when it should: " + label,
		label.indexOf("After: " + want.time_s.toFixed(3) + " s, " + joulesOf(want.energy_j)) > 0);
	rects = drawn.filter(function (d) { return d.indexOf("rect ") === 0; }).length;
	check(name + ": " + rects + " rectangles", rects >= 2 * DATA.ops.length);
}

/* ------------------------------------------------------------------------------- what is done */

page();
same("frames asked for by itself", frames.length, 0);
WANT.forEach(function (want) {
	var before = drawn.join("\n");
	elements.time.value = String(want.position);
	fire("time", "input");
	fire("time", "input");
	same("frames for two moves", settle(), 1);
	look("slider at " + want.position, want);
	check("slider at " + want.position + ": another picture", drawn.join("\n") !== before);
	listeners.resize();
	settle(); /* the same once more, so that the next one is compared with this one */
});
if (elements.time) {
	location.hash = "#T=1x";
	fire(null, "hashchange");
	settle();
	same("plan by the address", String(elements.time.value), "0");
	fire("frontier", "pointerdown", { clientX: 1e6 });
	settle();
	same("plan by a press on the frontier", String(elements.time.value), String(DATA.plans.length - 1));
	fire("frontier", "pointermove", { clientX: 0, buttons: 1 });
	settle();
	same("plan by a drag there", String(elements.time.value), "0");
}
["ArrowRight", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "+", "ArrowRight", "-", "0"].forEach(function (key) {
	fire("gantt", "keydown", { key: key });
	settle();
});
check("the operation is told: " + shown("tip"), shown("tip").indexOf(" of stage ") > 0);
check("the tip is seen", elements.tip.hidden === false);
fire("gantt", "keydown", { key: "ArrowLeft", shiftKey: true });
fire("gantt", "pointermove", { clientX: 400, clientY: 120 });
fire("gantt", "pointerdown", { clientX: 400 });
fire("gantt", "pointermove", { clientX: 300, clientY: 120, buttons: 1 });
fire(null, "pointerup");
fire("gantt", "wheel", { ctrlKey: true, deltaY: -300, clientX: 400 });
settle();
fire("gantt", "pointerleave");
check("the tip is gone", elements.tip.hidden);
["in", "out", "all", "save"].forEach(function (id) { elements[id].click(); });
settle();
check("SVG is saved", saved.indexOf("<svg ") === 0 && saved.indexOf("NaN") < 0 && saved.indexOf("</svg>") > 0);
check("it says where it is from", saved.indexOf("Computed") > 0);
print(failures ? "failed" : "fine");
