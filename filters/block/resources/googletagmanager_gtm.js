/* Tag manager: runs the callbacks of what is pushed, loads nothing. */
(function (w) {
	'use strict';
	var layer = w.dataLayer, i;

	function noop() {}
	function later(f) {
		if (typeof f === 'function')
			setTimeout(f, 1);
	}
	function push(item) {
		if (!item || typeof item !== 'object')
			return;
		later(item.eventCallback);
		if (item[2] && typeof item[2] === 'object')
			later(item[2].event_callback);
	}
	if (typeof w.ga !== 'function') {
		w.ga = function () {
			var end = arguments[arguments.length - 1];

			if (end && typeof end === 'object')
				later(end.hitCallback);
		};
		w.ga.getAll = function () { return []; };
	}
	if (!layer || typeof layer !== 'object')
		return;
	if (layer.hide && typeof layer.hide.end === 'function') {
		later(layer.hide.end);
		layer.hide.end = noop;
	}
	if (layer.pared)
		return;
	for (i = 0; i < layer.length; i++)
		push(layer[i]);
	layer.push = function () {
		for (var j = 0; j < arguments.length; j++)
			push(arguments[j]);
		return Array.prototype.push.apply(this, arguments);
	};
	layer.pared = true;
})(window);
