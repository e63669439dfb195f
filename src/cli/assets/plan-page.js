/* The page of plan show: a plan for each position of the slider, laid out here from its settings alone. */
(function () {
	"use strict";
	var D = JSON.parse(document.getElementById("data").textContent);
	var byId = function (id) { return document.getElementById(id); };
	var tip = byId("tip"), canvas = byId("gantt"), plot = byId("frontier"), slider = byId("time");
	var n = D.ops.length, order = [], before = [], plans = [], inLane = D.lanes.map(function () { return []; });
	var now = slider ? +slider.value : 0, view = null, zoomed = false, hover = { chart: -1, op: -1 };
	var places = settingPlaces(D.settings), colors = places.map(rampColor), dark = places.map(function (p) { return p < 0.42; });

	/* Edges as predecessors, and an order in which all come before what needs them. */
	(function () {
		var left = new Int32Array(n), next = [], i;
		for (i = 0; i < n; i++) { before.push([]); next.push([]); inLane[D.ops[i][0]].push(i); }
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
		var start = new Float64Array(n), time = new Float64Array(n), setting = new Int32Array(n), energy = new Float64Array(n);
		var busy = new Float64Array(D.lanes.length), end = 0;
		order.forEach(function (i) {
			var op = D.ops[i], option = op[4] < 0 ? [op[6], 0, -1] : D.works[op[4]][plan.options[i]], s = plan.start ? plan.start[i] : 0;
			for (var k = 0; k < before[i].length; k += 2)
				s = Math.max(s, start[before[i][k]] + time[before[i][k]] + before[i][k + 1]);
			start[i] = s;
			time[i] = option[0];
			energy[i] = option[1];
			setting[i] = option[2];
			busy[op[0]] += time[i];
			end = Math.max(end, s + time[i]);
		});
		return { start: start, time: time, setting: setting, energy: energy, busy: busy, end: end };
	}
	function planAt(k) { return plans[k] || (plans[k] = layout(D.plans[k])); }
	var baseline = D.before ? layout(D.before) : null;
	var longest = Math.max(planAt(D.plans.length - 1).end, baseline ? baseline.end : 0);
	D.plans.forEach(function (p, k) { longest = Math.max(longest, p.time_s || planAt(k).end); });
	longest *= 1.01;

	function idle(plan) {
		var sum = plan.busy.reduce(function (a, b) { return a + b; }, 0);
		return percent(1 - sum / plan.end / D.lanes.length, 1) + " idle";
	}
	function summary(plan, energy) {
		var sum = 0;
		if (energy) return plan.end.toFixed(3) + " s, " + joules(energy) + " computed, " + idle(plan);
		plan.energy.forEach(function (e) { sum += e; });
		return plan.end.toFixed(3) + " s, " + idle(plan) + ", operations " + joules(sum) + " computed, waiting not counted";
	}
	function charts() {
		var list = baseline ? [{ title: "Before", text: "all fastest: " + summary(baseline, D.before.energy_j), plan: baseline }] : [];
		list.push({ title: baseline ? "After" : "Plan", text: summary(planAt(now), D.plans[now].energy_j), plan: planAt(now) });
		return list;
	}
	function look() { return { view: view, colors: colors, dark: dark, hover: hover.op, chart: hover.chart }; }

	function draw() {
		var list = charts(), p = D.plans[now], t;
		if (!zoomed) view = [0, Math.max(planAt(now).end, baseline ? baseline.end : 0) * 1.01];
		drawGantt(canvasPen(canvas, ganttShape(D, canvas.clientWidth, list.length).height), D, list, look());
		canvas.setAttribute("aria-label", "Operations of each rank over time. " + list.map(function (c) { return c.title + ": " + c.text; }).join(". "));
		if (!slider) return;
		plot.at = drawFrontier(canvasPen(plot, plot.parentNode.clientWidth > 600 ? 260 : 330), D, now);
		t = p.time_s / D.before.time_s - 1;
		byId("time-text").textContent = p.time_s.toFixed(4) + " s, " + (t < 0 ? "" : "+") + percent(t, 2);
		slider.setAttribute("aria-valuetext", byId("time-text").textContent);
		byId("v-energy").textContent = joules(p.energy_j);
		byId("v-saving").textContent = percent(1 - p.energy_j / D.before.energy_j, 1);
		byId("v-time").textContent = (t < 0 ? "" : "+") + percent(t, 2);
		byId("v-gap").textContent = percent(p.energy_j / p.bound_j - 1, 2);
		byId("v-switches").textContent = p.switches;
	}
	var asked = false;
	function redraw() {
		if (asked) return;
		asked = true;
		requestAnimationFrame(function () { asked = false; draw(); });
	}
	function go(k) {
		now = Math.max(0, Math.min(D.plans.length - 1, k));
		slider.value = now;
		redraw();
	}
	function nearest(time) {
		var best = 0;
		D.plans.forEach(function (p, i) { if (Math.abs(p.time_s - time) < Math.abs(D.plans[best].time_s - time)) best = i; });
		return best;
	}

	function shape() { return ganttShape(D, canvas.clientWidth, baseline ? 2 : 1); }
	function timeAt(px) {
		var s = shape();
		return view[0] + (px - s.left) / (canvas.clientWidth - s.left - s.right) * (view[1] - view[0]);
	}
	function setView(from, span) {
		span = Math.min(longest, Math.max(longest / 400, span));
		zoomed = span < longest * 0.999;
		view[0] = Math.max(0, Math.min(longest - span, from));
		view[1] = view[0] + span;
		redraw();
	}
	function zoom(f, at) {
		var t = at === undefined ? (view[0] + view[1]) / 2 : at;
		setView(t - (t - view[0]) * f, (view[1] - view[0]) * f);
	}
	function reset() { zoomed = false; redraw(); }

	function planOf(chart) { return chart === 0 && baseline ? baseline : planAt(now); }
	function find(px, py) {
		var s = shape(), chart = Math.floor((py - s.legend) / s.block), lane = Math.floor((py - s.top(chart)) / s.lane), t = timeAt(px), found = -1;
		if (chart < 0 || chart > (baseline ? 1 : 0)) return { chart: -1, op: -1 };
		(inLane[lane] || []).forEach(function (i) {
			if (planOf(chart).start[i] <= t && t < planOf(chart).start[i] + planOf(chart).time[i]) found = i;
		});
		return { chart: chart, op: found };
	}
	function tell(x, y) {
		if (hover.op < 0) { tip.hidden = true; return; }
		var op = D.ops[hover.op], plan = planOf(hover.chart), s = plan.setting[hover.op];
		tip.textContent = op[5] + " of stage " + op[2] + ", microbatch " + op[3] + "\n" + (s >= 0 ? "setting " + D.settings[s] + ", " : "") +
			joules(plan.energy[hover.op]) + " computed\nfrom " + plan.start[hover.op].toFixed(4) + " s, for " + (1e3 * plan.time[hover.op]).toFixed(2) + " ms";
		tip.hidden = false;
		tip.style.left = Math.max(4, x + 14 + tip.offsetWidth > innerWidth - 8 ? x - tip.offsetWidth - 14 : x + 14) + "px";
		tip.style.top = Math.max(4, y + 14 + tip.offsetHeight > innerHeight - 8 ? y - tip.offsetHeight - 14 : y + 14) + "px";
	}
	function choose(what, x, y) {
		if (what.op !== hover.op || what.chart !== hover.chart) { hover = what; redraw(); }
		tell(x, y);
	}

	/* By keys: from operation to operation, with what the pointer would tell. */
	function walk(key) {
		var chart = hover.op < 0 ? (baseline ? 1 : 0) : hover.chart, op = hover.op < 0 ? inLane[0][0] : hover.op;
		var plan = planOf(chart), lane = D.ops[op][0], middle = plan.start[op] + plan.time[op] / 2;
		var byStart = function (a, b) { return plan.start[a] - plan.start[b]; };
		if (hover.op >= 0 && (key === "ArrowLeft" || key === "ArrowRight")) {
			var list = inLane[lane].slice().sort(byStart), at = list.indexOf(op) + (key === "ArrowLeft" ? -1 : 1);
			op = list[Math.max(0, Math.min(list.length - 1, at))];
		} else if (hover.op >= 0) {
			lane += key === "ArrowUp" ? -1 : 1;
			if (lane < 0 && chart > 0) { chart--; lane = D.lanes.length - 1; }
			if (lane >= D.lanes.length && baseline && chart === 0) { chart++; lane = 0; }
			plan = planOf(chart);
			(inLane[lane] || []).forEach(function (i, k) {
				if (!k || Math.abs(plan.start[i] + plan.time[i] / 2 - middle) < Math.abs(plan.start[op] + plan.time[op] / 2 - middle)) op = i;
			});
		}
		var s = shape(), box = canvas.getBoundingClientRect(), t = plan.start[op] + plan.time[op], span = view[1] - view[0];
		if (zoomed && (plan.start[op] < view[0] || t > view[1])) setView(plan.start[op] - span / 2, span);
		choose({ chart: chart, op: op }, box.left + s.left + (t - view[0]) / span * (canvas.clientWidth - s.left - s.right),
			box.top + s.top(chart) + D.ops[op][0] * s.lane);
	}
	canvas.addEventListener("keydown", function (e) {
		if (e.ctrlKey || e.metaKey || e.altKey) return;
		if (e.shiftKey && (e.key === "ArrowLeft" || e.key === "ArrowRight"))
			setView(view[0] + (e.key === "ArrowLeft" ? -0.2 : 0.2) * (view[1] - view[0]), view[1] - view[0]);
		else if (/^Arrow/.test(e.key)) walk(e.key);
		else if (e.key === "+" || e.key === "=") zoom(0.5);
		else if (e.key === "-") zoom(2);
		else if (e.key === "0") reset();
		else if (e.key === "Escape") choose({ chart: -1, op: -1 });
		else return;
		e.preventDefault();
	});
	canvas.addEventListener("blur", function () { choose({ chart: -1, op: -1 }); });

	var drag = null;
	canvas.addEventListener("pointermove", function (e) {
		var box = canvas.getBoundingClientRect(), px = e.clientX - box.left;
		if (drag !== null && e.buttons) {
			setView(view[0] + timeAt(drag) - timeAt(px), view[1] - view[0]);
			drag = px;
			return;
		}
		choose(find(px, e.clientY - box.top), e.clientX, e.clientY);
	});
	canvas.addEventListener("pointerdown", function (e) { drag = e.clientX - canvas.getBoundingClientRect().left; });
	addEventListener("pointerup", function () { drag = null; });
	canvas.addEventListener("pointerleave", function () { choose({ chart: -1, op: -1 }); });
	canvas.addEventListener("wheel", function (e) {
		if (!e.ctrlKey && !e.shiftKey) return;
		e.preventDefault();
		zoom(Math.exp((e.deltaY || e.deltaX) * 0.002), timeAt(e.clientX - canvas.getBoundingClientRect().left));
	}, { passive: false });
	byId("in").addEventListener("click", function () { zoom(0.5); });
	byId("out").addEventListener("click", function () { zoom(2); });
	byId("all").addEventListener("click", reset);

	/* The picture as it is, for a paper. */
	byId("save").addEventListener("click", function () {
		var list = charts(), width = 1000, beside = slider ? 340 : 0, s = ganttShape(D, width, list.length);
		var pen = svgPen(width + (beside ? beside + 24 : 0) + 24, s.height + 44), link = document.createElement("a");
		hover = { chart: -1, op: -1 };
		pen.move(12, 12);
		pen.width = width;
		drawGantt(pen, D, list, look());
		pen.moved();
		if (beside) {
			pen.move(width + 36, 12);
			pen.width = beside;
			pen.height = s.height;
			drawFrontier(pen, D, now);
			pen.moved();
		}
		pen.text(D.note, 12, s.height + 28, css("--dim"), "left", 10);
		link.href = URL.createObjectURL(new Blob([pen.done()], { type: "image/svg+xml" }));
		link.download = "plan.svg";
		link.click();
	});

	if (slider) {
		var fragment = function () {
			var m = /^#T=([0-9.]+)(x?)$/.exec(location.hash);
			if (m) go(nearest(m[2] ? m[1] * D.before.time_s : +m[1]));
		};
		slider.addEventListener("input", function () { now = +slider.value; redraw(); });
		plot.addEventListener("pointerdown", pick);
		plot.addEventListener("pointermove", function (e) { if (e.buttons) pick(e); });
		addEventListener("hashchange", fragment);
		fragment();
	}
	function pick(e) {
		var px = e.clientX - plot.getBoundingClientRect().left, best = 0;
		D.plans.forEach(function (p, i) {
			if (Math.abs(plot.at.x(p.time_s) - px) < Math.abs(plot.at.x(D.plans[best].time_s) - px)) best = i;
		});
		go(best);
	}
	addEventListener("resize", redraw);
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
	draw();
}());
