/* The bait of detectors: loaded, so that nothing seems blocked. */
(function (w) {
	'use strict';
	w.canRunAds = true;
	w.isAdBlockActive = false;
})(window);
