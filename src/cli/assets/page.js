(function () {
	"use strict";
	var tip = document.getElementById("tip");

	function show(text, x, y) {
		tip.textContent = text;
		tip.hidden = false;
		var left = x + 14, top = y + 14;
		if (left + tip.offsetWidth > innerWidth - 8) left = x - tip.offsetWidth - 14;
		if (top + tip.offsetHeight > innerHeight - 8) top = y - tip.offsetHeight - 14;
		tip.style.left = Math.max(4, left) + "px";
		tip.style.top = Math.max(4, top) + "px";
	}
	function hide() { tip.hidden = true; }

	document.querySelectorAll(".p").forEach(function (point) {
		var title = point.querySelector("title");
		if (title) title.remove();
		var text = point.getAttribute("aria-label").replace(/: /, "\n");
		point.addEventListener("pointermove", function (e) { show(text, e.clientX, e.clientY); });
		point.addEventListener("pointerleave", hide);
		point.addEventListener("focus", function () {
			var box = point.getBoundingClientRect();
			show(text, box.right, box.bottom);
		});
		point.addEventListener("blur", hide);
	});

	document.querySelectorAll("svg[data-power]").forEach(function (svg) {
		var scale = svg.dataset.power.split(",").map(Number);
		var factor = scale[4], unit = svg.dataset.unit;
		var lines = Array.prototype.map.call(svg.querySelectorAll("[data-steps]"), function (path) {
			return {
				name: path.dataset.name,
				steps: path.dataset.steps.split(" ").map(function (s) { return s.split(",").map(Number); })
			};
		});
		var cursor = svg.querySelector(".cursor");

		function powerAt(steps, t) {
			var lo = 0, hi = steps.length - 1;
			if (t < steps[0][0] || t >= steps[hi][0]) return null;
			while (hi - lo > 1) {
				var mid = (lo + hi) >> 1;
				if (steps[mid][0] <= t) lo = mid; else hi = mid;
			}
			return steps[lo][1];
		}
		svg.addEventListener("pointermove", function (e) {
			var box = svg.getBoundingClientRect();
			var x = (e.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
			if (x < scale[0] || x > scale[1]) { hide(); cursor.setAttribute("visibility", "hidden"); return; }
			var t = scale[2] + (x - scale[0]) / (scale[1] - scale[0]) * (scale[3] - scale[2]);
			var text = (t / factor).toFixed(2) + " " + unit;
			lines.forEach(function (line) {
				var w = powerAt(line.steps, t);
				text += "\n" + line.name + ": " + (w === null ? "done" : w.toFixed(0) + " W");
			});
			cursor.setAttribute("x1", x);
			cursor.setAttribute("x2", x);
			cursor.setAttribute("visibility", "visible");
			show(text, e.clientX, e.clientY);
		});
		svg.addEventListener("pointerleave", function () {
			cursor.setAttribute("visibility", "hidden");
			hide();
		});
	});
}());
