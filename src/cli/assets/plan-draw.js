/* Plans as pictures: operations over time, and the frontier. They know no page, only a pen. */

/* Slow clocks blue, fast ones yellow: lightness rises all the way, so it reads without colour too. */
var RAMP = [[49, 54, 149], [38, 110, 168], [33, 150, 150], [94, 184, 116], [186, 208, 80], [253, 231, 37]];

function rampColor(at) {
	var i = Math.min(Math.floor(at * (RAMP.length - 1)), RAMP.length - 2), f = at * (RAMP.length - 1) - i;
	return "rgb(" + RAMP[i].map(function (v, k) { return Math.round(v + f * (RAMP[i + 1][k] - v)); }).join(",") + ")";
}

/* Where each setting lies from slowest to fastest, 0 to 1: by its number where all are numbers. */
function settingPlaces(settings) {
	var numbers = settings.map(Number), last = settings.length - 1;
	var plain = settings.every(function (s, i) { return s !== "" && isFinite(numbers[i]); });
	var least = Math.min.apply(null, numbers), most = Math.max.apply(null, numbers);
	return settings.map(function (s, i) {
		if (last < 1) return 1;
		return plain && most > least ? (numbers[i] - least) / (most - least) : i / last;
	});
}

function step(span, want) {
	var raw = span / want, power = Math.pow(10, Math.floor(Math.log10(raw))), f = raw / power;
	return (f < 1.5 ? 1 : f < 3.5 ? 2 : f < 7.5 ? 5 : 10) * power;
}
function rounded(v, by) { return v.toFixed(Math.max(0, Math.min(6, -Math.floor(Math.log10(by) + 1e-9)))); }
function energyUnit(e) { return e >= 2e6 ? [1e6, "MJ"] : e >= 2e3 ? [1e3, "kJ"] : [1, "J"]; }
function joules(e) { var u = energyUnit(e); return (e / u[0]).toPrecision(4) + " " + u[1]; }
function percent(x, digits) { return (x < 0 ? "−" : "") + Math.abs(100 * x).toFixed(digits) + " %"; }

/* What each kind of operation is called, and the mark that tells it from others of the same clock. */
var KINDS = {
	F: ["forward", ""], B: ["backward", "bar"], I: ["backward, inputs", "bar"], W: ["backward, weights", "dots"],
	R: ["recomputation", "top"], S: ["constant", ""]
};
function mark(pen, kind, x, y, w, h, color) {
	var how = KINDS[kind] ? KINDS[kind][1] : "bar", thick = h > 20 ? 3 : 2;
	if (how === "bar") pen.rect(x, y + h - thick, w, thick, color);
	if (how === "top") pen.rect(x, y, w, thick, color);
	for (var at = 0; how === "dots" && at < w; at += 5) pen.rect(x + at, y + h - thick, Math.min(2.5, w - at), thick, color);
}

function laneHeight(lanes) { return lanes <= 8 ? 25 : lanes <= 16 ? 15 : lanes <= 32 ? 10 : lanes <= 64 ? 7 : 5; }

/* Where things lie in the picture of n_charts rows of lanes. */
function ganttShape(D, width, n_charts) {
	var h = laneHeight(D.lanes.length), head = 22, block = head + D.lanes.length * h + 8;
	var legend = legendRows(D, width) * 22 + 4;
	return {
		lane: h, gap: h > 12 ? 2 : 1, left: 64, right: 50, legend: legend, head: head, block: block,
		top: function (chart) { return legend + chart * block + head; },
		bottom: legend + n_charts * block - 8, height: legend + n_charts * block + 18
	};
}

function legendItems(D) {
	var items = [], seen = {};
	D.ops.forEach(function (op) { seen[op[1]] = true; });
	Object.keys(KINDS).forEach(function (k) { if (seen[k]) items.push([k, KINDS[k][0]]); });
	items.push(["idle", "waiting"]);
	return items;
}
var BAR = 160;
function legendPlaces(D, width) {
	var first = textWidth(D.by, 11) + textWidth(D.settings[0] || "", 11) + BAR + textWidth(D.settings[D.settings.length - 1] || "", 11) + 40;
	var x = 0, row = 0, places = [[0, 0]];
	x = first;
	legendItems(D).forEach(function (item) {
		var w = 26 + textWidth(item[1], 11) + 16;
		if (x + w > width && x > 0) { x = 0; row++; }
		places.push([x, row]);
		x += w;
	});
	return { rows: row + 1, at: places };
}
function legendRows(D, width) { return legendPlaces(D, width).rows; }

function drawLegend(pen, D) {
	var dim = css("--dim"), places = legendPlaces(D, pen.width).at, x = 0, y = 10, i, w = BAR / 40;
	pen.text(D.by, x, y, dim);
	x += textWidth(D.by, 11) + 8;
	pen.text(D.settings[0] || "", x, y, css("--fg"));
	x = Math.round(x + textWidth(D.settings[0] || "", 11) + 5);
	for (i = 0; i < 40; i++) pen.rect(x + i * w, y - 6, w, 12, rampColor(i / 39));
	pen.text(D.settings[D.settings.length - 1] || "", x + BAR + 5, y, css("--fg"));
	legendItems(D).forEach(function (item, k) {
		var at = places[k + 1], px = at[0], py = at[1] * 22 + 10;
		if (item[0] === "idle") pen.idle(px, py - 7, 20, 14);
		else {
			pen.rect(px, py - 7, 20, 14, item[0] === "S" ? dim : rampColor(0.6));
			mark(pen, item[0], px, py - 7, 20, 14, "rgba(0,0,0,.55)");
		}
		pen.text(item[1], px + 26, py, dim);
	});
}

/* One row of lanes. at: {view, colors, dark, hover}. */
function drawChart(pen, D, plan, shape, top, at) {
	var scale = (pen.width - shape.left - shape.right) / (at.view[1] - at.view[0]), h = shape.lane - shape.gap;
	var x = function (t) { return shape.left + (t - at.view[0]) * scale; };
	var end = pen.width - shape.right, i, lane, fg = css("--fg"), dim = css("--dim"), size = h > 18 ? 11 : 9;
	var digits = String(D.ops.reduce(function (most, op) { return Math.max(most, op[3]); }, 0)).length;
	pen.clip(shape.left, top - 2, end - shape.left, D.lanes.length * shape.lane + 4);
	for (lane = 0; lane < D.lanes.length; lane++)
		pen.idle(x(0), top + lane * shape.lane, Math.max(0, x(plan.end) - x(0)), h);
	for (i = 0; i < D.ops.length; i++) {
		var op = D.ops[i], left = x(plan.start[i]), w = plan.time[i] * scale, s = plan.setting[i];
		if (left > end || left + w < shape.left) continue;
		var y = top + op[0] * shape.lane, wide = Math.max(0.5, w - (w > 6 ? 1 : w > 2 ? 0.5 : 0));
		pen.rect(left, y, wide, h, s < 0 ? dim : at.colors[s]);
		if (h >= 7 && w >= 1.5) mark(pen, op[1], left, y, wide, h, s >= 0 && at.dark[s] ? "rgba(255,255,255,.6)" : "rgba(0,0,0,.5)");
		if (h >= 12 && w > 0.6 * size + 2 && op[1] !== "S") {
			var text = String(op[3]), room = wide - 2, letter = 0.58 * size;
			if ((digits + 1.6) * letter <= room) text = op[1] + text;
			if (text.length * letter <= room)
				pen.text(text, left + wide / 2, y + h / 2 - (h > 18 ? 1 : 0), s >= 0 && at.dark[s] ? "#fff" : "#111", "center", size);
		}
		if (at.hover === i) pen.frame(left + 1, y + 1, Math.max(1, wide - 2), h - 2, fg);
	}
	pen.line([x(plan.end), top - 2, x(plan.end), top + D.lanes.length * shape.lane], fg, 1, [4, 3]);
	pen.unclip();
	var by = Math.ceil(11 / shape.lane);
	for (lane = 0; lane < D.lanes.length; lane += by) {
		pen.text(D.lanes[lane], shape.left - 6, top + lane * shape.lane + h / 2, dim, "right", 10.5);
		pen.text(Math.round(100 * (1 - plan.busy[lane] / plan.end)) + " %", pen.width - 4, top + lane * shape.lane + h / 2, dim, "right", 10.5);
	}
}

function drawGantt(pen, D, charts, at) {
	var shape = ganttShape(D, pen.width, charts.length), fg = css("--fg"), dim = css("--dim"), line = css("--line");
	var span = at.view[1] - at.view[0], by = step(span, Math.max(3, (pen.width - shape.left - shape.right) / 90)), t;
	var scale = (pen.width - shape.left - shape.right) / span;
	drawLegend(pen, D);
	for (t = Math.ceil(at.view[0] / by) * by; t <= at.view[1] + 1e-9 * by; t += by) {
		var px = shape.left + (t - at.view[0]) * scale;
		pen.line([px, shape.top(0), px, shape.bottom + 4], line);
		pen.text(rounded(t, by) + " s", px, shape.bottom + 13, dim, "center");
	}
	charts.forEach(function (c, k) {
		var top = shape.top(k);
		pen.text(c.title, 0, top - 11, fg, "left", 12.5, { bold: true });
		pen.text(c.text, textWidth(c.title, 12.5) * 1.08 + 10, top - 11, dim, "left", 11.5);
		pen.text("idle", pen.width - 4, top - 11, dim, "right", 10.5);
		drawChart(pen, D, c.plan, shape, top, { view: at.view, colors: at.colors, dark: at.dark, hover: at.chart === k ? at.hover : -1 });
	});
	if (charts.length > 1) { /* what the plan takes beyond the least */
		var end = shape.left + (charts[0].plan.end - at.view[0]) * scale;
		if (end > shape.left && end < pen.width - shape.right)
			pen.line([end, shape.top(0), end, shape.bottom], css("--mark"), 1, [2, 3]);
	}
}

/* The frontier. @return functions from time and energy to the picture */
function drawFrontier(pen, D, now) {
	var L = 54, R = 14, T = 30, B = 40, dim = css("--dim"), line = css("--line"), fg = css("--fg"), F = D.frontier, v, by;
	var t0 = Infinity, t1 = -Infinity, e0 = Infinity, e1 = -Infinity;
	F.concat(D.plans.map(function (p) { return [p.time_s, p.energy_j]; }), [[D.before.time_s, D.before.energy_j]]).forEach(function (p) {
		t0 = Math.min(t0, p[0]); t1 = Math.max(t1, p[0]); e0 = Math.min(e0, p[1]); e1 = Math.max(e1, p[1]);
	});
	var pt = (t1 - t0) * 0.04 || 1e-3 * t1, pe = (e1 - e0) * 0.06 || 1e-3 * e1 || 1;
	t0 -= pt; t1 += pt; e0 -= pe; e1 += pe;
	var x = function (t) { return L + (t - t0) / (t1 - t0) * (pen.width - L - R); };
	var y = function (e) { return T + (e1 - e) / (e1 - e0) * (pen.height - T - B); };
	var unit = energyUnit(e1);
	by = step((e1 - e0) / unit[0], 6);
	for (v = Math.ceil(e0 / unit[0] / by) * by; v * unit[0] <= e1; v += by) {
		pen.line([L, y(v * unit[0]), pen.width - R, y(v * unit[0])], line);
		pen.text(rounded(v, by), L - 6, y(v * unit[0]), dim, "right");
	}
	by = step(t1 - t0, Math.max(3, (pen.width - L - R) / 70));
	for (v = Math.ceil(t0 / by) * by; v <= t1; v += by) {
		pen.line([x(v), T, x(v), pen.height - B], line);
		pen.text(rounded(v, by), x(v), pen.height - B + 12, dim, "center");
	}
	var least = D.before.time_s;
	by = step((t1 - t0) / least, Math.max(2, (pen.width - L - R) / 80));
	for (v = 0; least * (1 + v) <= t1; v += by) {
		pen.line([x(least * (1 + v)), T - 4, x(least * (1 + v)), T], dim);
		pen.text(v ? "+" + rounded(100 * v, 100 * by) + " %" : "0 %", x(least * (1 + v)), T - 11, dim, "center");
	}
	pen.line([L, T, pen.width - R, T], line);
	pen.text("iteration time (s)", (L + pen.width - R) / 2, pen.height - 12, dim, "center");
	pen.text("energy, computed (" + unit[1] + ")", 10, (T + pen.height - B) / 2, dim, "center", 11, { turn: true });
	var points = [], best = F[0];
	F.forEach(function (p) { points.push(x(p[0]), y(p[1])); if (p[1] < best[1]) best = p; });
	pen.line(points, css("--good"), 2);
	D.plans.forEach(function (p) { pen.dot(x(p.time_s), y(p.energy_j), 2, fg); });
	var bx = x(least), top = y(D.before.energy_j);
	pen.shape([bx, top - 5, bx + 5, top + 4, bx - 5, top + 4], fg);
	pen.text("all fastest", bx + 9, top, fg);
	if (best !== F[F.length - 1] && best !== F[0]) {
		pen.line([x(best[0]), y(best[1]) - 5, x(best[0]), y(best[1]) - 20], dim);
		pen.text("least energy", x(best[0]), y(best[1]) - 27, dim, "center");
	}
	var p = D.plans[now];
	pen.line([x(p.time_s), T, x(p.time_s), pen.height - B], css("--mark"), 1, [3, 3]);
	pen.dot(x(p.time_s), y(p.energy_j), 6, css("--mark"));
	return { x: x, y: y };
}
