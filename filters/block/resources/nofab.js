/* FuckAdBlock and its kin: nothing was detected. */
(function (w) {
	'use strict';
	var names = ['FuckAdBlock', 'BlockAdBlock', 'SniffAdBlock'], i, one;

	function Detector() {}
	function self() { return this; }
	function later(of, f) {
		if (typeof f === 'function')
			setTimeout(function () { f.call(of); }, 1);
		return of;
	}
	Detector.prototype = {
		check: function () { return true; },
		clearEvent: self,
		debug: { set: self, get: function () { return false; } },
		emitEvent: self,
		on: function (detected, f) {
			return detected ? this : later(this, f);
		},
		onDetected: self,
		onNotDetected: function (f) { return later(this, f); },
		setOption: self,
		options: { set: self, get: function () { return null; } }
	};
	for (i = 0; i < names.length; i++) {
		one = new Detector();
		w[names[i]] = Detector;
		w[names[i].charAt(0).toLowerCase() + names[i].slice(1)] = one;
	}
})(window);
