/* apstag: bids are asked for and none come. */
(function (w) {
	'use strict';
	var queue = w.apstag && w.apstag._Q, i;

	function noop() {}
	function later(f, arg) {
		if (typeof f === 'function')
			setTimeout(function () { f(arg); }, 1);
	}
	w.apstag = {
		_Q: { push: function (item) { take(item); } },
		fetchBids: function (options, f) { later(f, []); },
		init: function (options, f) { later(f); },
		setDisplayBids: noop,
		targetingKeys: function () { return []; },
		dpa: noop, rpa: noop, upa: noop, debug: noop
	};
	/* ['i', arguments] or ['f', arguments] */
	function take(item) {
		var args = item && item[1];

		if (!args)
			return;
		if (item[0] === 'i')
			w.apstag.init(args[0], args[1]);
		else if (item[0] === 'f')
			w.apstag.fetchBids(args[0], args[1]);
	}
	for (i = 0; queue && i < queue.length; i++)
		take(queue[i]);
})(window);
