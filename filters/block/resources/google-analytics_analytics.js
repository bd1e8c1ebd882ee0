/* analytics.js, gtag.js: takes calls, runs callbacks, sends nothing. */
(function (w) {
	'use strict';
	var name, queue, ga, i, hide;

	function noop() {}
	function later(f) {
		if (typeof f === 'function')
			setTimeout(f, 1);
	}
	function tracker() {
		return { get: function () { return ''; }, set: noop, send: noop };
	}
	/* ga('send', ..., { hitCallback: f }), ga('set', 'hitCallback', f),
	 * ga(f) */
	function take(args) {
		var n = args.length, end = n > 0 ? args[n - 1] : null;

		if (n === 1 && typeof end === 'function')
			setTimeout(function () { end(tracker()); }, 1);
		else if (n > 1 && args[n - 2] === 'hitCallback')
			later(end);
		else if (end && typeof end === 'object')
			later(end.hitCallback);
	}
	function push(item) {
		if (!item || typeof item !== 'object')
			return;
		later(item.eventCallback);
		/* gtag('event', name, { event_callback: f }) */
		if (item[2] && typeof item[2] === 'object')
			later(item[2].event_callback);
	}
	name = typeof w.GoogleAnalyticsObject === 'string' ?
		w.GoogleAnalyticsObject : 'ga';
	queue = w[name] && w[name].q;
	ga = function () { take(arguments); };
	ga.create = tracker;
	ga.getByName = tracker;
	ga.getAll = function () { return [tracker()]; };
	ga.remove = noop;
	ga.loaded = true;
	w[name] = ga;
	for (i = 0; queue && i < queue.length; i++)
		take(queue[i] || []);
	if (!w.dataLayer || typeof w.dataLayer !== 'object')
		return;
	/* What hides the page until an experiment has been chosen. */
	hide = w.dataLayer.hide;
	if (hide && typeof hide.end === 'function') {
		later(hide.end);
		hide.end = noop;
	}
	if (w.dataLayer.pared)
		return;
	for (i = 0; i < w.dataLayer.length; i++)
		push(w.dataLayer[i]);
	w.dataLayer.push = function () {
		for (var j = 0; j < arguments.length; j++)
			push(arguments[j]);
		return Array.prototype.push.apply(this, arguments);
	};
	w.dataLayer.pared = true;
})(window);
