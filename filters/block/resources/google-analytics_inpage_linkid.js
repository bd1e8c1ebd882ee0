/* Marked links of a page: nothing to do without analytics.js. */
(function () {})();
