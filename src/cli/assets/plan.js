(function () {
	"use strict";
	var D = JSON.parse(document.getElementById("data").textContent);
	var byId = function (id) { return document.getElementById(id); };
	var tip = byId("tip");
	var n = D.ops.length, lanes = D.lanes.length;
	var order = [], before = [], view = null, hover = null;
	var LEFT = 62, RIGHT = 46, TOP = 4, AXIS = 22;

	function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

	/* Edges as predecessors, and an order in which all come before what needs them. */
	(function () {
		var left = new Array(n).fill(0), next = [], i;
		for (i = 0; i < n; i++) { before.push([]); next.push([]); }
		for (i = 0; i < D.edges.length; i += 3) {
			before[D.edges[i + 1]].push(D.edges[i], D.edges[i + 2]);
			next[D.edges[i]].push(D.edges[i + 1]);
			left[D.edges[i + 1]]++;
		}
		for (i = 0; i < n; i++) if (!left[i]) order.push(i);
		for (i = 0; i < order.length; i++)
			next[order[i]].forEach(function (to) { if (--left[to] === 0) order.push(to); });
	}());

	/* Starts, durations, settings of a plan: one option an operation. */
	function layout(plan) {
		var start = new Float64Array(n), time = new Float64Array(n), setting = new Int32Array(n);
		var busy = new Float64Array(lanes), end = 0;
		order.forEach(function (i) {
			var op = D.ops[i], option = op[4] < 0 ? [op[6], 0, -1] : D.works[op[4]][plan.options[i]];
			var s = plan.start ? plan.start[i] : 0;
			for (var k = 0; k < before[i].length; k += 2)
				s = Math.max(s, start[before[i][k]] + time[before[i][k]] + before[i][k + 1]);
			start[i] = s;
			time[i] = option[0];
			setting[i] = option[2];
			busy[op[0]] += time[i];
			end = Math.max(end, s + time[i]);
		});
		return { start: start, time: time, setting: setting, busy: busy, end: end, energy: plan.energy_j };
	}

	/* Slow clocks blue, fast ones yellow. */
	var RAMP = [[49, 54, 149], [38, 110, 168], [33, 150, 150], [94, 184, 116], [186, 208, 80], [253, 231, 37]];
	function color(setting) {
		if (setting < 0) return css("--dim");
		var at = D.settings.length > 1 ? setting / (D.settings.length - 1) * (RAMP.length - 1) : RAMP.length - 1;
		var i = Math.min(Math.floor(at), RAMP.length - 2), f = at - i;
		return "rgb(" + RAMP[i].map(function (v, k) { return Math.round(v + f * (RAMP[i + 1][k] - v)); }).join(",") + ")";
	}
	var colors = D.settings.map(function (s, i) { return color(i); });
	var dark = D.settings.map(function (s, i) { return i < 0.45 * (D.settings.length - 1); });

	function setUp(canvas, height) {
		var width = canvas.clientWidth, ratio = window.devicePixelRatio || 1;
		canvas.style.height = height + "px";
		canvas.width = Math.round(width * ratio);
		canvas.height = Math.round(height * ratio);
		var g = canvas.getContext("2d");
		g.setTransform(ratio, 0, 0, ratio, 0, 0);
		g.clearRect(0, 0, width, height);
		g.font = "11px system-ui, 'DejaVu Sans', sans-serif";
		g.textBaseline = "middle";
		return { g: g, width: width, height: height };
	}

	function step(span, want) {
		var raw = span / want, power = Math.pow(10, Math.floor(Math.log10(raw))), f = raw / power;
		return (f < 1.5 ? 1 : f < 3.5 ? 2 : f < 7.5 ? 5 : 10) * power;
	}
	function seconds(t, by) {
		var decimals = Math.max(0, Math.min(6, -Math.floor(Math.log10(by) + 1e-9)));
		return t.toFixed(decimals);
	}

	function laneHeight() { return lanes <= 8 ? 26 : lanes <= 16 ? 18 : lanes <= 32 ? 13 : 9; }

	function hatch(g) {
		var tile = document.createElement("canvas");
		tile.width = tile.height = 6;
		var t = tile.getContext("2d");
		t.strokeStyle = css("--dim");
		t.globalAlpha = 0.45;
		t.lineWidth = 1;
		t.beginPath();
		t.moveTo(-1, 7); t.lineTo(7, -1);
		t.stroke();
		return g.createPattern(tile, "repeat");
	}

	function axis(c, x, y0, bottom) {
		var by = step(view[1] - view[0], Math.max(3, (c.width - LEFT - RIGHT) / 90)), g = c.g;
		g.strokeStyle = css("--line");
		g.fillStyle = css("--dim");
		g.textAlign = "center";
		for (var t = Math.ceil(view[0] / by) * by; t <= view[1] + 1e-12; t += by) {
			g.beginPath();
			g.moveTo(x(t), y0);
			g.lineTo(x(t), bottom + 3);
			g.stroke();
			g.fillText(seconds(t, by), x(t), bottom + 12);
		}
		g.textAlign = "right";
		g.fillText("s", c.width - RIGHT + 22, bottom + 12);
	}

	function gantt(canvas, plan) {
		var h = laneHeight(), bottom = TOP + lanes * h, c = setUp(canvas, bottom + AXIS), g = c.g;
		var scale = (c.width - LEFT - RIGHT) / (view[1] - view[0]);
		var x = function (t) { return LEFT + (t - view[0]) * scale; };
		var pattern = hatch(g), gap = h > 12 ? 2 : 1;
		g.save();
		g.beginPath();
		g.rect(LEFT, 0, c.width - LEFT - RIGHT, bottom);
		g.clip();
		for (var lane = 0; lane < lanes; lane++) {
			g.fillStyle = pattern;
			g.fillRect(LEFT, TOP + lane * h, Math.max(0, x(plan.end) - LEFT), h - gap);
		}
		for (var i = 0; i < n; i++) {
			var op = D.ops[i], left = x(plan.start[i]), w = plan.time[i] * scale;
			if (left > c.width - RIGHT || left + w < LEFT) continue;
			var y = TOP + op[0] * h, s = plan.setting[i];
			g.fillStyle = s < 0 ? css("--dim") : colors[s];
			g.fillRect(left, y, Math.max(0.6, w - (w > 3 ? 0.8 : 0)), h - gap);
			if (op[1] !== "F" && h > 8) {
				g.fillStyle = "rgba(0,0,0,.45)";
				g.fillRect(left, y + h - gap - 3, Math.max(0.6, w - (w > 3 ? 0.8 : 0)), 3);
			}
			if (h >= 18 && w > 17) {
				g.fillStyle = s >= 0 && dark[s] ? "#fff" : "#111";
				g.textAlign = "center";
				g.fillText(w > 30 ? op[1] + op[3] : op[3], left + w / 2, y + (h - gap) / 2 - 1);
			}
			if (hover === i) {
				g.strokeStyle = css("--fg");
				g.lineWidth = 2;
				g.strokeRect(left + 1, y + 1, Math.max(1, w - 2), h - gap - 2);
				g.lineWidth = 1;
			}
		}
		g.strokeStyle = css("--fg");
		g.setLineDash([4, 3]);
		g.beginPath();
		g.moveTo(x(plan.end), 0);
		g.lineTo(x(plan.end), bottom);
		g.stroke();
		g.restore();
		g.fillStyle = css("--dim");
		for (lane = 0; lane < lanes; lane++) {
			if (h < 11 && lane % 4) continue;
			g.textAlign = "right";
			g.fillText(D.lanes[lane], LEFT - 6, TOP + lane * h + (h - gap) / 2);
			g.textAlign = "left";
			g.fillText(Math.round(100 * (1 - plan.busy[lane] / plan.end)) + " %", c.width - RIGHT + 8, TOP + lane * h + (h - gap) / 2);
		}
		axis(c, x, bottom, bottom);
	}

	var plans = D.plans.map(function () { return null; });
	function planAt(k) { return plans[k] || (plans[k] = layout(D.plans[k])); }
	var baseline = D.before ? layout(D.before) : null;
	var slider = byId("time"), now = slider ? +slider.value : 0;
	var longest = planAt(D.plans.length - 1).end;
	for (var k = 0; k < D.plans.length; k++) longest = Math.max(longest, planAt(k).end);
	var zoomed = false;
	view = [0, longest];

	function frontier() {
		var canvas = byId("frontier");
		if (!canvas) return;
		var c = setUp(canvas, 300), g = c.g, F = D.frontier, L = 56, R = 10, T = 8, B = 40;
		var t0 = F[0][0], t1 = F[F.length - 1][0], e0 = Infinity, e1 = D.before.energy_j;
		F.concat(D.plans.map(function (p) { return [p.time_s, p.energy_j]; })).forEach(function (p) {
			e0 = Math.min(e0, p[1]); e1 = Math.max(e1, p[1]); t1 = Math.max(t1, p[0]); t0 = Math.min(t0, p[0]);
		});
		var pt = (t1 - t0) * 0.04 || 1e-3 * t1, pe = (e1 - e0) * 0.06 || 1;
		t0 -= pt; t1 += pt; e0 -= pe; e1 += pe;
		var x = function (t) { return L + (t - t0) / (t1 - t0) * (c.width - L - R); };
		var y = function (e) { return T + (e1 - e) / (e1 - e0) * (c.height - T - B); };
		var unit = e1 >= 2e6 ? [1e6, "MJ"] : e1 >= 2e3 ? [1e3, "kJ"] : [1, "J"], by, v;
		g.strokeStyle = css("--line");
		g.fillStyle = css("--dim");
		g.textAlign = "right";
		by = step((e1 - e0) / unit[0], 6);
		for (v = Math.ceil(e0 / unit[0] / by) * by; v * unit[0] <= e1; v += by) {
			g.beginPath(); g.moveTo(L, y(v * unit[0])); g.lineTo(c.width - R, y(v * unit[0])); g.stroke();
			g.fillText(seconds(v, by), L - 6, y(v * unit[0]));
		}
		g.textAlign = "center";
		by = step(t1 - t0, 5);
		for (v = Math.ceil(t0 / by) * by; v <= t1; v += by) {
			g.beginPath(); g.moveTo(x(v), T); g.lineTo(x(v), c.height - B); g.stroke();
			g.fillText(seconds(v, by), x(v), c.height - B + 12);
		}
		g.fillText("iteration time (s)", (L + c.width - R) / 2, c.height - 10);
		g.save();
		g.translate(10, (T + c.height - B) / 2);
		g.rotate(-Math.PI / 2);
		g.fillText("energy (" + unit[1] + ")", 0, 0);
		g.restore();
		g.strokeStyle = css("--good");
		g.lineWidth = 2;
		g.beginPath();
		F.forEach(function (p, i) { if (i) g.lineTo(x(p[0]), y(p[1])); else g.moveTo(x(p[0]), y(p[1])); });
		g.stroke();
		g.lineWidth = 1;
		g.fillStyle = css("--fg");
		D.plans.forEach(function (p) { g.beginPath(); g.arc(x(p.time_s), y(p.energy_j), 2, 0, 7); g.fill(); });
		g.beginPath();
		g.moveTo(x(D.before.time_s), y(D.before.energy_j) - 5);
		g.lineTo(x(D.before.time_s) + 5, y(D.before.energy_j) + 4);
		g.lineTo(x(D.before.time_s) - 5, y(D.before.energy_j) + 4);
		g.fill();
		g.textAlign = "left";
		g.fillText("all fastest", x(D.before.time_s) + 9, y(D.before.energy_j));
		var p = D.plans[now];
		g.strokeStyle = g.fillStyle = "#d9480f";
		g.beginPath(); g.arc(x(p.time_s), y(p.energy_j), 6, 0, 7); g.fill();
		g.setLineDash([3, 3]);
		g.beginPath(); g.moveTo(x(p.time_s), T); g.lineTo(x(p.time_s), c.height - B); g.stroke();
		g.setLineDash([]);
		canvas.pick = function (px) {
			var best = 0;
			D.plans.forEach(function (q, i) { if (Math.abs(x(q.time_s) - px) < Math.abs(x(D.plans[best].time_s) - px)) best = i; });
			return best;
		};
	}

	function joules(e) { return e >= 1e6 ? (e / 1e6).toPrecision(4) + " MJ" : e >= 1e3 ? (e / 1e3).toPrecision(4) + " kJ" : e.toPrecision(4) + " J"; }
	function idle(plan) {
		var sum = 0;
		plan.busy.forEach(function (b) { sum += b; });
		return (100 * (1 - sum / plan.end / lanes)).toFixed(1) + " % idle";
	}

	function draw() {
		var plan = planAt(now), p = D.plans[now];
		if (!zoomed) view = [0, Math.max(plan.end, baseline ? baseline.end : 0) * 1.01];
		if (baseline) {
			gantt(byId("before"), baseline);
			byId("before-text").textContent = baseline.end.toFixed(3) + " s, " + joules(D.before.energy_j) + ", " + idle(baseline);
		}
		gantt(byId("after"), plan);
		byId("after-text").textContent = plan.end.toFixed(3) + " s, " + (p.energy_j ? joules(p.energy_j) + ", " : "") + idle(plan);
		if (!slider) return;
		frontier();
		byId("time-text").textContent = "T = " + p.time_s.toFixed(4) + " s (" + (p.time_s / D.before.time_s >= 1 ? "+" : "") + (100 * (p.time_s / D.before.time_s - 1)).toFixed(2) + " %)";
		byId("v-energy").textContent = joules(p.energy_j);
		byId("v-saving").textContent = (100 * (1 - p.energy_j / D.before.energy_j)).toFixed(1) + " %";
		byId("v-time").textContent = (100 * (p.time_s / D.before.time_s - 1)).toFixed(2) + " %";
		byId("v-gap").textContent = (100 * (p.energy_j / p.bound_j - 1)).toFixed(2) + " %";
	}
	var asked = false;
	function redraw() {
		if (asked) return;
		asked = true;
		requestAnimationFrame(function () { asked = false; draw(); });
	}

	function show(text, x, y) {
		tip.textContent = text;
		tip.hidden = false;
		tip.style.left = Math.max(4, x + 14 + tip.offsetWidth > innerWidth - 8 ? x - tip.offsetWidth - 14 : x + 14) + "px";
		tip.style.top = Math.max(4, y + 14 + tip.offsetHeight > innerHeight - 8 ? y - tip.offsetHeight - 14 : y + 14) + "px";
	}

	/* Operations of each lane by start, for the pointer. */
	var inLane = D.lanes.map(function () { return []; });
	for (var i = 0; i < n; i++) inLane[D.ops[i][0]].push(i);

	function attach(canvas, current) {
		var drag = null;
		function time(px) { return view[0] + (px - LEFT) / (canvas.clientWidth - LEFT - RIGHT) * (view[1] - view[0]); }
		canvas.addEventListener("pointermove", function (e) {
			var box = canvas.getBoundingClientRect(), px = e.clientX - box.left, py = e.clientY - box.top;
			if (drag !== null && e.buttons) {
				var by = time(drag) - time(px), span = view[1] - view[0];
				view[0] = Math.max(0, Math.min(longest - span, view[0] + by));
				view[1] = view[0] + span;
				drag = px;
				redraw();
				return;
			}
			var plan = current(), t = time(px), lane = Math.floor((py - TOP) / laneHeight()), found = null;
			(inLane[lane] || []).forEach(function (i) { if (plan.start[i] <= t && t < plan.start[i] + plan.time[i]) found = i; });
			if (found !== hover) { hover = found; redraw(); }
			if (found === null) { tip.hidden = true; return; }
			var op = D.ops[found], s = plan.setting[found];
			show(op[5] + " of stage " + op[2] + ", microbatch " + op[3] + "\n" + (s >= 0 ? "setting " + D.settings[s] + "\n" : "") +
				plan.start[found].toFixed(4) + " s, for " + (1e3 * plan.time[found]).toFixed(2) + " ms", e.clientX, e.clientY);
		});
		canvas.addEventListener("pointerdown", function (e) { drag = e.clientX - canvas.getBoundingClientRect().left; });
		canvas.addEventListener("pointerup", function () { drag = null; });
		canvas.addEventListener("pointerleave", function () { drag = null; hover = null; tip.hidden = true; redraw(); });
		canvas.addEventListener("wheel", function (e) {
			if (!e.ctrlKey && !e.shiftKey) return;
			e.preventDefault();
			var t = time(e.clientX - canvas.getBoundingClientRect().left), f = Math.exp((e.deltaY || e.deltaX) * 0.002);
			var span = Math.min(longest, Math.max(longest / 400, (view[1] - view[0]) * f));
			zoomed = span < longest;
			view[0] = Math.max(0, Math.min(longest - span, t - (t - view[0]) * span / (view[1] - view[0])));
			view[1] = view[0] + span;
			redraw();
		}, { passive: false });
	}
	if (baseline) attach(byId("before"), function () { return baseline; });
	attach(byId("after"), function () { return planAt(now); });
	function zoom(f) {
		var mid = (view[0] + view[1]) / 2, span = Math.min(longest, (view[1] - view[0]) * f);
		zoomed = span < longest;
		view[0] = Math.max(0, Math.min(longest - span, mid - span / 2));
		view[1] = view[0] + span;
		redraw();
	}
	byId("in").addEventListener("click", function () { zoom(0.5); });
	byId("out").addEventListener("click", function () { zoom(2); });
	byId("ramp").style.background = "linear-gradient(90deg," + RAMP.map(function (c) { return "rgb(" + c.join(",") + ")"; }).join(",") + ")";
	byId("slow").textContent = "setting " + (D.settings[0] || "");
	byId("fast").textContent = D.settings[D.settings.length - 1] || "";
	if (slider) {
		slider.addEventListener("input", function () { now = +slider.value; redraw(); });
		byId("frontier").addEventListener("pointerdown", function (e) {
			now = this.pick(e.clientX - this.getBoundingClientRect().left);
			slider.value = now;
			redraw();
		});
	}
	addEventListener("resize", redraw);
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
	draw();
}());
