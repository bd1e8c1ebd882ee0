/* Matomo: nothing is counted. */
(function (w) {
	'use strict';
	var tracker, queue = w._paq, i;

	function noop() {}
	function text() { return ''; }
	function run(item) {
		if (typeof item === 'function')
			setTimeout(function () { item.call(tracker); }, 1);
		else if (item && typeof item[0] === 'function')
			setTimeout(function () { item[0].call(tracker); }, 1);
	}
	tracker = { addListener: noop, disableCookies: noop, enableLinkTracking:
		noop, setCustomUrl: noop, setDocumentTitle: noop, setSiteId: noop,
		setTrackerUrl: noop, setUserId: noop, trackEvent: noop,
		trackGoal: noop, trackLink: noop, trackPageView: noop,
		trackSiteSearch: noop, getVisitorId: text, getUserId: text };
	w.Piwik = w.Matomo = {
		addTracker: function () { return tracker; },
		getAsyncTracker: function () { return tracker; },
		getTracker: function () { return tracker; },
		getAsyncTrackers: function () { return []; },
		on: noop, off: noop, addPlugin: noop
	};
	w._paq = { length: 0, push: function () {
		for (var j = 0; j < arguments.length; j++)
			run(arguments[j]);
		return 0;
	} };
	for (i = 0; queue && i < queue.length; i++)
		run(queue[i]);
})(window);
