/*
 * Interactive media ads: each request is answered as when there is no ad to
 * show (error 1009), which players know how to go on from.
 */
(function (w) {
	'use strict';
	var ima;

	function noop() {}
	function value(v) {
		return function () { return v; };
	}
	/* A class; each method by what it gives back. */
	function type(methods) {
		var f = function () {}, name;

		for (name in methods)
			f.prototype[name] = methods[name];
		return f;
	}
	function many(names, f, to) {
		var i;

		to = to || {};
		for (i = 0; i < names.length; i++)
			to[names[i]] = f;
		return to;
	}
	/* { LOADED: 'loaded', ... } as the SDK writes its names. */
	function constants(names) {
		var to = {}, i;

		for (i = 0; i < names.length; i++)
			to[names[i]] = names[i].toLowerCase().replace(/_(.)/g,
				function (all, c) { return c.toUpperCase(); });
		return to;
	}
	function Listeners() {}
	Listeners.prototype.addEventListener = function (types, f, opt, scope) {
		var list = types instanceof Array ? types : [types], i;

		this.handlers = this.handlers || [];
		for (i = 0; i < list.length; i++)
			this.handlers.push({ type: list[i], f: f, scope: scope });
	};
	Listeners.prototype.removeEventListener = function (types, f) {
		var list = types instanceof Array ? types : [types];

		this.handlers = (this.handlers || []).filter(function (h) {
			return list.indexOf(h.type) < 0 || h.f !== f;
		});
	};
	Listeners.prototype.tell = function (event) {
		(this.handlers || []).slice().forEach(function (h) {
			if (h.type !== event.type)
				return;
			try {
				if (typeof h.f === 'function')
					h.f.call(h.scope || w, event);
				else if (h.f && h.f.handleEvent)
					h.f.handleEvent(event);
			} catch (e) {
				setTimeout(function () { throw e; }, 1);
			}
		});
	};
	function listens(methods) {
		var f = type(methods), name;

		for (name in Listeners.prototype)
			f.prototype[name] = Listeners.prototype[name];
		return f;
	}

	ima = {
		VERSION: '3.0.0',
		OmidAccessMode: { DOMAIN: 'domain', FULL: 'full',
			LIMITED: 'limited' },
		OmidVerificationVendor: {},
		UiElements: { AD_ATTRIBUTION: 'adAttribution',
			COUNTDOWN: 'countdown' },
		ViewMode: { FULLSCREEN: 'fullscreen', NORMAL: 'normal' },
		CompanionAdSelectionSettings: type({}),
		AdsRequest: type(many(['setAdWillAutoPlay', 'setAdWillPlayMuted',
			'setContinuousPlayback'], noop)),
		AdsRenderingSettings: type({}),
		AdDisplayContainer: type(many(['initialize', 'destroy'], noop))
	};
	ima.CompanionAdSelectionSettings.CreativeType = constants(['ALL', 'FLASH',
		'IMAGE']);
	ima.CompanionAdSelectionSettings.ResourceType = constants(['ALL', 'HTML',
		'IFRAME', 'STATIC']);
	ima.CompanionAdSelectionSettings.SizeCriteria = constants(['IGNORE',
		'SELECT_EXACT_MATCH', 'SELECT_NEAR_MATCH', 'SELECT_FLUID']);

	ima.ImaSdkSettings = type(many(['setAutoPlayAdBreaks',
		'setCookiesEnabled', 'setDisableCustomPlaybackForIOS10Plus',
		'setDisableFlashAds', 'setFeatureFlags', 'setLocale',
		'setNumRedirects', 'setPlayerType', 'setPlayerVersion', 'setPpid',
		'setSessionId', 'setVpaidAllowed', 'setVpaidMode'], noop,
		many(['getLocale', 'getPlayerType', 'getPlayerVersion', 'getPpid'],
			value(''), { getNumRedirects: value(4),
			getFeatureFlags: value({}),
			getDisableCustomPlaybackForIOS10Plus: value(false) })));
	ima.ImaSdkSettings.CompanionBackfillMode = constants(['ALWAYS',
		'ON_MASTER_AD']);
	ima.ImaSdkSettings.VpaidMode = { DISABLED: 0, ENABLED: 1, INSECURE: 2 };
	ima.settings = new ima.ImaSdkSettings();

	ima.AdError = function (kind, code, vast, message) {
		this.kind = kind;
		this.code = code;
		this.vast = vast;
		this.message = message;
	};
	ima.AdError.prototype = {
		getErrorCode: function () { return this.code; },
		getInnerError: value(null),
		getMessage: function () { return this.message; },
		getType: function () { return this.kind; },
		getVastErrorCode: function () { return this.vast; },
		toString: function () {
			return 'AdError ' + this.code + ': ' + this.message;
		}
	};
	ima.AdError.ErrorCode = { ADS_REQUEST_NETWORK_ERROR: 1012,
		UNKNOWN_ERROR: 900, VAST_EMPTY_RESPONSE: 1009,
		VAST_LOAD_TIMEOUT: 301, VIDEO_PLAY_ERROR: 400 };
	ima.AdError.Type = { AD_LOAD: 'adLoadError', AD_PLAY: 'adPlayError' };
	ima.AdErrorEvent = function (error, context) {
		this.type = ima.AdErrorEvent.Type.AD_ERROR;
		this.error = error;
		this.context = context || {};
	};
	ima.AdErrorEvent.prototype = {
		getError: function () { return this.error; },
		getUserRequestContext: function () { return this.context; },
		preventDefault: noop, stopPropagation: noop
	};
	ima.AdErrorEvent.Type = { AD_ERROR: 'adError' };

	ima.AdEvent = function (kind) { this.type = kind; };
	ima.AdEvent.prototype = { getAd: value(null),
		getAdData: function () { return {}; } };
	ima.AdEvent.Type = constants(['AD_BREAK_READY', 'AD_BUFFERING',
		'AD_CAN_PLAY', 'AD_METADATA', 'AD_PROGRESS', 'ALL_ADS_COMPLETED',
		'CLICK', 'COMPLETE', 'CONTENT_PAUSE_REQUESTED',
		'CONTENT_RESUME_REQUESTED', 'DURATION_CHANGE', 'EXPANDED_CHANGED',
		'FIRST_QUARTILE', 'IMPRESSION', 'INTERACTION', 'LINEAR_CHANGED',
		'LOADED', 'LOG', 'MIDPOINT', 'PAUSED', 'RESUMED',
		'SKIPPABLE_STATE_CHANGED', 'SKIPPED', 'STARTED',
		'THIRD_QUARTILE', 'USER_CLOSE', 'VIDEO_CLICKED',
		'VIDEO_ICON_CLICKED', 'VIEWABLE_IMPRESSION', 'VOLUME_CHANGED',
		'VOLUME_MUTED']);

	/* Not handed out; there to be named. */
	ima.AdsManager = listens(many(['collapse', 'configureAdsManager',
		'destroy', 'discardAdBreak', 'expand', 'focus', 'init', 'pause',
		'resize', 'resume', 'setVolume', 'skip', 'start', 'stop',
		'updateAdsRenderingSettings', 'clicked'], noop, {
			getAdSkippableState: value(false),
			getCuePoints: function () { return []; },
			getCurrentAd: value(null), getRemainingTime: value(0),
			getVolume: value(1), isCustomClickTrackingUsed: value(false),
			isCustomPlaybackUsed: value(false) }));
	ima.AdsManagerLoadedEvent = type({
		getAdsManager: function () { return new ima.AdsManager(); },
		getUserRequestContext: function () { return {}; } });
	ima.AdsManagerLoadedEvent.Type = { ADS_MANAGER_LOADED: 'adsManagerLoaded' };

	ima.AdsLoader = listens({
		contentComplete: noop,
		destroy: function () { this.handlers = []; },
		getSettings: function () { return ima.settings; },
		getVersion: value(ima.VERSION),
		requestAds: function (request, context) {
			var loader = this;

			setTimeout(function () {
				loader.tell(new ima.AdErrorEvent(new ima.AdError(
					ima.AdError.Type.AD_LOAD,
					ima.AdError.ErrorCode.VAST_EMPTY_RESPONSE, 303,
					'The VAST response document is empty.'),
					context));
			}, 1);
		}
	});
	if (!w.google || typeof w.google !== 'object')
		w.google = {};
	if (!w.google.ima || !w.google.ima.AdsLoader)
		w.google.ima = ima;
})(window);
