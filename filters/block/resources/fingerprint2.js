/* Fingerprint2: another, meaningless one each time. */
(function (w) {
	'use strict';
	function id() {
		var s = '';

		while (s.length < 32)
			s += Math.floor(Math.random() * 16).toString(16);
		return s;
	}
	function later(f, a, b) {
		if (typeof f === 'function')
			setTimeout(function () { f(a, b); }, 1);
	}
	function Fingerprint() {}
	Fingerprint.prototype.get = function (f) { later(f, id(), []); };
	Fingerprint.get = function (options, f) {
		later(typeof options === 'function' ? options : f, []);
	};
	Fingerprint.getPromise = function () {
		return w.Promise ? w.Promise.resolve([]) : { then: later };
	};
	Fingerprint.getV18 = function (options, f) {
		later(typeof options === 'function' ? options : f, id(), []);
	};
	Fingerprint.x64hash128 = id;
	w.Fingerprint2 = w.Fingerprint = Fingerprint;
})(window);
