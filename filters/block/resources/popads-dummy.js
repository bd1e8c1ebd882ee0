/* PopAds: there, and empty. */
(function (w) {
	'use strict';
	try {
		w.PopAds = {};
		w.popns = {};
	} catch (e) {}
})(window);
