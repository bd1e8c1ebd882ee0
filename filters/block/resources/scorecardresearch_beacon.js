/* comScore: nothing is counted. */
(function (w) {
	'use strict';
	function noop() {}
	w.COMSCORE = {
		beacon: noop,
		purge: function () { w._comscore = []; },
		comScore: noop
	};
	w.udm_ = w.udm_ || noop;
})(window);
