/* ga.js, the one before analytics.js: _gaq and _gat. */
(function (w) {
	'use strict';
	var queue = w._gaq, i;

	function noop() {}
	function later(f) {
		if (typeof f === 'function')
			setTimeout(f, 1);
	}
	function tracker() {
		var t = {}, i, names = ['_addIgnoredOrganic', '_addIgnoredRef',
			'_addItem', '_addOrganic', '_addTrans', '_clearIgnoredOrganic',
			'_clearIgnoredRef', '_clearOrganic', '_cookiePathCopy',
			'_deleteCustomVar', '_initData', '_setAccount',
			'_setAllowAnchor', '_setAllowHash', '_setAllowLinker',
			'_setCampaignCookieTimeout', '_setClientInfo', '_setCookiePath',
			'_setCookiePersistence', '_setCustomVar', '_setDetectFlash',
			'_setDetectTitle', '_setDomainName', '_setMaxCustomVariables',
			'_setSampleRate', '_setSessionCookieTimeout', '_setVar',
			'_setVisitorCookieTimeout', '_trackEvent', '_trackPageLoadTime',
			'_trackPageview', '_trackSocial', '_trackTiming', '_trackTrans'];

		for (i = 0; i < names.length; i++)
			t[names[i]] = noop;
		t._getName = t._getAccount = t._getVersion = t._getVisitorCustomVar =
			function () { return ''; };
		t._getLinkerUrl = function (url) { return url; };
		t._link = function (url) { go(url); };
		t._linkByPost = noop;
		return t;
	}
	/* A link that waits for its count to be sent. */
	function go(url) {
		if (typeof url !== 'string' || !/^(https?:|\/|\.)/i.test(url))
			return;
		try {
			w.location.assign(url);
		} catch (e) {}
	}
	function push() {
		var item, j;

		for (j = 0; j < arguments.length; j++) {
			item = arguments[j];
			if (typeof item === 'function')
				later(item);
			else if (item && item[0] === '_link')
				go(item[1]);
			else if (item && item[0] === '_set' &&
			    item[1] === 'hitCallback')
				later(item[2]);
		}
		return 0;
	}
	w._gat = {
		_anonymizeIp: noop,
		_createTracker: tracker,
		_forceSSL: noop,
		_getPlugin: noop,
		_getTracker: tracker,
		_getTrackerByName: tracker,
		_getTrackers: function () { return [tracker()]; },
		aa: noop, ab: noop, hb: noop, la: noop, oa: noop, pa: noop, u: noop
	};
	w._gaq = { push: push, _createAsyncTracker: tracker,
		_getAsyncTracker: tracker, length: 0 };
	for (i = 0; queue && i < queue.length; i++) {
		/* What was queued before may be a link clicked long ago. */
		if (typeof queue[i] === 'function')
			push(queue[i]);
	}
})(window);
