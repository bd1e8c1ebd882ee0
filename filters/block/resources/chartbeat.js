/* Chartbeat: nothing is counted, every test shows the original. */
(function (w) {
	'use strict';
	var queue = w._cbq, i;

	function noop() {}
	w.pSUPERFLY = w.pSUPERFLY || { activity: noop, virtualPage: noop,
		updateSections: noop, addEngagement: noop };
	w.pSUPERFLY_mab = w.pSUPERFLY_mab || {};
	w._cbq = { length: 0, push: noop };
	w._cbv = w._cbv || { push: noop };
	w._cbv_strategies = w._cbv_strategies || [];
	for (i = 0; queue && i < queue.length; i++)
		if (typeof queue[i] === 'function')
			setTimeout(queue[i], 1);
})(window);
