/* Two pens with the same strokes: one draws on a canvas, one writes SVG, so that what is saved is what is seen. */
var FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";

function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

function textWidth(text, size) {
	var g = textWidth.g || (textWidth.g = document.createElement("canvas").getContext("2d"));
	g.font = size + "px " + FONT;
	return g.measureText(text).width;
}

function canvasPen(canvas, height) {
	var width = canvas.clientWidth, ratio = window.devicePixelRatio || 1, g = canvas.getContext("2d"), pattern = null;
	canvas.style.height = height + "px";
	canvas.width = Math.round(width * ratio);
	canvas.height = Math.round(height * ratio);
	g.setTransform(ratio, 0, 0, ratio, 0, 0);
	g.clearRect(0, 0, width, height);
	g.textBaseline = "middle";

	function stripes() {
		var tile = document.createElement("canvas"), t;
		tile.width = tile.height = Math.round(6 * ratio);
		t = tile.getContext("2d");
		t.scale(ratio, ratio);
		t.strokeStyle = css("--stripe");
		t.beginPath();
		t.moveTo(-1, 7); t.lineTo(7, -1);
		t.stroke();
		pattern = g.createPattern(tile, "repeat");
		if (pattern.setTransform) pattern.setTransform(new DOMMatrix().scale(1 / ratio));
		return pattern;
	}
	return {
		width: width,
		height: height,
		rect: function (x, y, w, h, fill) { g.fillStyle = fill; g.fillRect(x, y, w, h); },
		frame: function (x, y, w, h, stroke) { g.strokeStyle = stroke; g.lineWidth = 2; g.strokeRect(x, y, w, h); },
		idle: function (x, y, w, h) { g.fillStyle = pattern || stripes(); g.fillRect(x, y, w, h); },
		line: function (points, stroke, thick, dash) {
			g.strokeStyle = stroke;
			g.lineWidth = thick || 1;
			g.setLineDash(dash || []);
			g.beginPath();
			for (var i = 0; i < points.length; i += 2) g.lineTo(points[i], points[i + 1]);
			g.stroke();
			g.setLineDash([]);
		},
		shape: function (points, fill) {
			g.fillStyle = fill;
			g.beginPath();
			for (var i = 0; i < points.length; i += 2) g.lineTo(points[i], points[i + 1]);
			g.fill();
		},
		dot: function (x, y, r, fill) { g.fillStyle = fill; g.beginPath(); g.arc(x, y, r, 0, 7); g.fill(); },
		text: function (text, x, y, fill, align, size, more) {
			g.font = (more && more.bold ? "600 " : "") + (size || 11) + "px " + FONT;
			g.fillStyle = fill;
			g.textAlign = align || "left";
			if (!more || !more.turn) { g.fillText(text, x, y); return; }
			g.save();
			g.translate(x, y);
			g.rotate(-Math.PI / 2);
			g.fillText(text, 0, 0);
			g.restore();
		},
		clip: function (x, y, w, h) { g.save(); g.beginPath(); g.rect(x, y, w, h); g.clip(); },
		unclip: function () { g.restore(); }
	};
}

function svgPen(width, height) {
	var out = [], clips = 0, f = function (v) { return +v.toFixed(2); };
	function add(text) { out.push(text); }
	function escaped(text) { return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;"); }
	function list(points) { return points.map(f).join(" "); }
	function box(x, y, w, h) { return "x=\"" + f(x) + "\" y=\"" + f(y) + "\" width=\"" + f(w) + "\" height=\"" + f(h) + "\""; }
	return {
		width: width,
		height: height,
		rect: function (x, y, w, h, fill) { add("<rect " + box(x, y, w, h) + " fill=\"" + fill + "\"/>"); },
		frame: function () {},
		idle: function (x, y, w, h) { add("<rect " + box(x, y, w, h) + " fill=\"url(#idle)\"/>"); },
		line: function (points, stroke, thick, dash) {
			add("<polyline points=\"" + list(points) + "\" fill=\"none\" stroke=\"" + stroke + "\" stroke-width=\"" + (thick || 1) +
				"\"" + (dash && dash.length ? " stroke-dasharray=\"" + dash.join(" ") + "\"" : "") + "/>");
		},
		shape: function (points, fill) { add("<polygon points=\"" + list(points) + "\" fill=\"" + fill + "\"/>"); },
		dot: function (x, y, r, fill) { add("<circle cx=\"" + f(x) + "\" cy=\"" + f(y) + "\" r=\"" + r + "\" fill=\"" + fill + "\"/>"); },
		text: function (text, x, y, fill, align, size, more) {
			var anchor = align === "center" ? "middle" : align === "right" ? "end" : "start", s = size || 11;
			add("<text x=\"" + f(x) + "\" y=\"" + f(y) + "\" dy=\".35em\" fill=\"" + fill + "\" text-anchor=\"" + anchor + "\" font-size=\"" +
				s + "\"" + (more && more.bold ? " font-weight=\"600\"" : "") +
				(more && more.turn ? " transform=\"rotate(-90 " + f(x) + " " + f(y) + ")\"" : "") + ">" + escaped(text) + "</text>");
		},
		clip: function (x, y, w, h) {
			clips++;
			add("<clipPath id=\"c" + clips + "\"><rect " + box(x, y, w, h) + "/></clipPath><g clip-path=\"url(#c" + clips + ")\">");
		},
		unclip: function () { add("</g>"); },
		move: function (x, y) { add("<g transform=\"translate(" + f(x) + " " + f(y) + ")\">"); },
		moved: function () { add("</g>"); },
		done: function () {
			return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + f(width) + " " + f(height) + "\" width=\"" + f(width) +
				"\" height=\"" + f(height) + "\" font-family=\"" + FONT.replace(/"/g, "'") + "\">\n<defs><pattern id=\"idle\" width=\"6\" height=\"6\" " +
				"patternUnits=\"userSpaceOnUse\"><path d=\"M-1 7L7 -1\" stroke=\"" + css("--stripe") + "\"/></pattern></defs>\n" +
				"<rect width=\"100%\" height=\"100%\" fill=\"" + css("--card") + "\"/>\n" + out.join("\n") + "\n</svg>\n";
		}
	};
}
