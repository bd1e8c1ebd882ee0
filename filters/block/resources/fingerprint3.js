/* FingerprintJS 3 and later: another, meaningless one each time. */
(function (w) {
	'use strict';
	function id() {
		var s = '';

		while (s.length < 32)
			s += Math.floor(Math.random() * 16).toString(16);
		return s;
	}
	function promise(v) {
		return w.Promise ? w.Promise.resolve(v) : {
			then: function (f) {
				setTimeout(function () { f(v); }, 1);
			}
		};
	}
	w.FingerprintJS = {
		load: function () {
			return promise({ get: function () {
				return promise({ visitorId: id(), components: {},
					confidence: { score: 0 }, version: '3' });
			} });
		},
		hashComponents: id,
		componentsToDebugString: function () { return ''; }
	};
})(window);
