#include "why.h"

#include "base/arena.h"
#include "base/json.h"

const char *
pd_why_verdict_name(enum pd_verdict_kind kind)
{
	switch (kind) {
	case PD_VERDICT_PASS:
		break;
	case PD_VERDICT_BLOCK:
		return "block";
	case PD_VERDICT_DENY:
		return "deny";
	case PD_VERDICT_REPLACE:
		return "replace";
	case PD_VERDICT_REDIRECT:
		return "redirect";
	case PD_VERDICT_REWRITE:
		return "rewrite";
	}
	return "pass";
}

struct pd_str
pd_why_types(uint16_t types, struct pd_arena *arena)
{
	/* All names together are shorter. */
	char text[160], *at = text;

	if ((types & PD_TYPE_ALL) == PD_TYPE_ALL)
		return PD_STR("any");
	if ((types & (types - 1)) == 0)
		return pd_str_z(pd_type_name(types));
	for (unsigned bit = 1; bit & PD_TYPE_ALL; bit <<= 1) {
		if (!(types & bit))
			continue;
		if (at > text)
			*at++ = '|';
		at = stpcpy(at, pd_type_name((uint16_t)bit));
	}
	return pd_arena_str(arena, pd_str_of(text, (size_t)(at - text)));
}

static void
member(FILE *f, const char *name, struct pd_str value)
{
	fprintf(f, ",\n  \"%s\": ", name);
	pd_json_write(f, value);
}

static void
write_rule(FILE *f, const struct pd_match_rule *rule)
{
	fputs("{\"list\": ", f);
	pd_json_write(f, rule->list);
	fputs(", \"file\": ", f);
	pd_json_write(f, rule->file);
	if (rule->line > 0)
		fprintf(f, ", \"line\": %u", rule->line);
	fputs(", \"text\": ", f);
	pd_json_write(f, rule->text);
}

static void
write_found(FILE *f, const struct pd_match_found *found, bool tunnel)
{
	fputs("\n    ", f);
	write_rule(f, &found->rule);
	fprintf(f,
	    ", \"role\": \"%s\", \"action\": \"%s\", \"exception\": %s, "
	    "\"important\": %s%s}",
	    pd_match_role_name(found->role), pd_rule_action_name(found->action),
	    found->exception ? "true" : "false",
	    found->important ? "true" : "false",
	    tunnel ? ", \"tunnel\": true" : "");
}

/* Those of the tunnel after those of the request. */
static void
write_rules(FILE *f, const struct pd_why *w)
{
	size_t n = w->nrules + w->ntunnel_rules;

	fputs(",\n  \"rules\": [", f);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			putc(',', f);
		if (i < w->nrules)
			write_found(f, &w->rules[i], false);
		else
			write_found(f, &w->tunnel_rules[i - w->nrules], true);
	}
	fprintf(f, "%s],\n  \"rules_left_out\": %zu", n > 0 ? "\n  " : "",
	    w->nmore);
}

static void
write_change(FILE *f, const struct pd_why_change *change)
{
	fputs("\n    ", f);
	write_rule(f, &change->rule);
	fprintf(f, ", \"action\": \"%s\", \"value\": ",
	    pd_rule_action_name(change->action));
	pd_json_write(f, change->value);
	putc('}', f);
}

static void
write_tunnel(FILE *f, const struct pd_verdict *v)
{
	fprintf(f, ",\n  \"tunnel\": {\"verdict\": \"%s\"",
	    pd_why_verdict_name(v->kind));
	if (v->rule.text.n > 0) {
		fputs(", \"list\": ", f);
		pd_json_write(f, v->rule.list);
		if (v->rule.line > 0)
			fprintf(f, ", \"line\": %u", v->rule.line);
		fputs(", \"rule\": ", f);
		pd_json_write(f, v->rule.text);
	}
	putc('}', f);
}

void
pd_why_write_json(FILE *f, const struct pd_why *w, struct pd_arena *arena)
{
	static const char *const parties[] = {
		[PD_SOURCE_KNOWN] = "by source",
		[PD_SOURCE_THIRD] = "third",
		[PD_SOURCE_UNKNOWN] = "unknown",
	};

	fputs("{\n  \"url\": ", f);
	pd_json_write(f, w->url);
	member(f, "host", w->host);
	member(f, "type", pd_why_types(w->inferred.types, arena));
	fprintf(
	    f, ",\n  \"type_guessed\": %s", w->type_guessed ? "true" : "false");
	if (w->inferred.source.n > 0)
		member(f, "source", w->inferred.source);
	else
		fprintf(f, ",\n  \"source\": null");
	fprintf(f, ",\n  \"party\": \"%s\"", parties[w->inferred.party]);
	fprintf(
	    f, ",\n  \"blocked\": %s", pd_why_blocked(w) ? "true" : "false");
	member(f, "verdict", pd_str_z(pd_why_verdict_name(w->verdict.kind)));
	member(f, "sentence", w->sentence);
	if (w->verdict.rule.text.n > 0) {
		fputs(",\n  \"rule\": ", f);
		write_rule(f, &w->verdict.rule);
		putc('}', f);
	}
	if (w->sent.n > 0)
		member(f, "sent", w->sent);
	if (w->verdict.resource != NULL)
		member(f, "resource", pd_str_z(w->verdict.resource->name));
	if (w->verdict.location.n > 0)
		member(f, "location", w->verdict.location);
	if (w->https)
		write_tunnel(f, &w->tunnel);
	if (w->policy.n > 0)
		member(f, "policy", w->policy);
	if (w->site_off)
		fputs(",\n  \"site_off\": true", f);
	if (w->until_s != 0)
		fprintf(
		    f, ",\n  \"allowed_until\": %lld", (long long)w->until_s);
	if (w->probe)
		fputs(",\n  \"probe\": true", f);
	write_rules(f, w);
	fputs(",\n  \"changes\": [", f);
	for (size_t i = 0; i < w->nchanges; i++) {
		if (i > 0)
			putc(',', f);
		write_change(f, &w->changes[i]);
	}
	fprintf(f, "%s]\n}\n", w->nchanges > 0 ? "\n  " : "");
}
