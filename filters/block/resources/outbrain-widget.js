/* Outbrain: its calls are there and do nothing. */
(function (w) {
	'use strict';
	var names = ['callClick', 'callLoadMore', 'callRecs', 'callUserZapping',
		'callWhatIs', 'cancelRecommendation', 'cancelRecs', 'closeCard',
		'closeModal', 'closeTbx', 'errorInjectionHandler', 'getCountOfRecs',
		'getStat', 'imageError', 'manualVideoClicked', 'onOdbReturn',
		'onVideoClick', 'pagerLoad', 'recClicked', 'refreshSpecificWidget',
		'refreshWidget', 'reloadWidget', 'renderSpaWidgets',
		'researchWidget', 'returnedError', 'returnedHtmlData',
		'returnedIrdData', 'returnedJsonData', 'scrollLoad',
		'showDescription', 'showRecInIframe', 'userZappingMessage',
		'zappingFormAction'], extern = {}, i;

	function noop() {}
	for (i = 0; i < names.length; i++)
		extern[names[i]] = noop;
	extern.video = { getVideoRecs: noop, videoClicked: noop };
	w.OBR = w.OBR && typeof w.OBR === 'object' ? w.OBR : {};
	w.OBR.extern = extern;
	w.OB_releaseVer = w.OB_releaseVer || '0';
})(window);
