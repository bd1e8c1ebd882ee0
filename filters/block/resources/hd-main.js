/* SVONM: nothing was detected. */
(function (w) {
	'use strict';
	function noop() {}
	w.SVONM = w.SVONM && typeof w.SVONM === 'object' ? w.SVONM : {};
	w.SVONM.isBlocked = function () { return false; };
	w.SVONM.run = noop;
	w.SVONM.init = noop;
})(window);
