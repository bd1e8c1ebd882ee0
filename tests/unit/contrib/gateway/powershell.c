/* The script for Windows to the letter, and what is typed elsewhere. */
#include "onboard/onboard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "onboard_help.h"

static const char tunnel[] =
    "gateway home {\n proxy = 8080\n}\n"
    "tunnel native {\n type = \"ikev2\"\n name = \"vpn.example.org\"\n"
    " auth = \"%s\"\n pool = {\"10.78.0.0/24\"}\n"
    " address = {\"10.78.0.1/32\"}\n}\n";

static struct gw_config *
config(const char *auth)
{
	struct gw_config *c;
	char *text;

	assert_true(asprintf(&text, tunnel, auth) > 0);
	c = onboard_config(text);
	free(text);
	return c;
}

static void
test_eap(void **state)
{
	static const unsigned char ca[] = { 1, 2, 3 };
	struct gw_config *c = config("eap");
	struct gw_client cl = { .name = (char *)"kim" };
	struct gw_onboard o = { .conf = c,
		.tunnel = &c->tunnels[0],
		.client = &cl,
		.ca = ca,
		.ca_len = sizeof(ca),
		.pac = "http://10.78.0.1:8080/proxy.pac" };
	char *text = onboard_text(&o, gw_powershell_write);

	(void)state;
	assert_string_equal(text,
	    "# Windows 10 and later, as an administrator:\n"
	    "#   powershell -ExecutionPolicy Bypass -File FILE.ps1\n"
	    "#Requires -RunAsAdministrator\n"
	    "$ErrorActionPreference = 'Stop'\n"
	    "$name = 'home native'\n"
	    "$server = 'vpn.example.org'\n"
	    "$file = Join-Path $env:TEMP \"$(New-Guid).cer\"\n"
	    "[IO.File]::WriteAllBytes($file, "
	    "[Convert]::FromBase64String('AQID'))\n"
	    "try {\n"
	    "    Import-Certificate -FilePath $file -CertStoreLocation "
	    "Cert:\\LocalMachine\\Root | Out-Null\n"
	    "} finally {\n"
	    "    Remove-Item $file\n"
	    "}\n"
	    "Get-VpnConnection -Name $name -ErrorAction SilentlyContinue |\n"
	    "    Remove-VpnConnection -Force\n"
	    "Add-VpnConnection -Name $name -ServerAddress $server `\n"
	    "    -TunnelType Ikev2 -EncryptionLevel Maximum `\n"
	    "    -AuthenticationMethod Eap -EapConfigXmlStream "
	    "(New-EapConfiguration).EapConfigXmlStream `\n"
	    "    -RememberCredential -Force\n"
	    "Set-VpnConnectionIPsecConfiguration -ConnectionName $name `\n"
	    "    -EncryptionMethod GCMAES256 -IntegrityCheckMethod SHA256 `\n"
	    "    -DHGroup ECP256 -PfsGroup ECP256 `\n"
	    "    -CipherTransformConstants GCMAES256 `\n"
	    "    -AuthenticationTransformConstants GCMAES256 -Force\n"
	    "$pac = 'http://10.78.0.1:8080/proxy.pac'\n"
	    "Set-VpnConnectionProxy -ConnectionName $name "
	    "-AutoConfigurationScript $pac\n");
	free(text);
	gw_config_free(c);
}

static void
test_certificate(void **state)
{
	static const unsigned char p12[] = { 1 };
	struct gw_config *c = config("certificate");
	struct gw_client cl = { .name = (char *)"kim" };
	struct gw_onboard o = { .conf = c,
		.tunnel = &c->tunnels[0],
		.client = &cl,
		.p12 = p12,
		.p12_len = 1 };
	char *text = onboard_text(&o, gw_powershell_write);

	(void)state;
	assert_non_null(strstr(text, "\n    Import-PfxCertificate "));
	assert_non_null(
	    strstr(text, "-AuthenticationMethod MachineCertificate `\n"));
	assert_null(strstr(text, "Import-Certificate"));
	assert_null(strstr(text, "Proxy"));
	free(text);
	gw_config_free(c);
}

/* Nothing ends a literal but its own quote: PowerShell takes four characters
 * of Unicode for one as well. */
static void
test_quotes(void **state)
{
	struct gw_config *c = config("eap");
	struct gw_client cl = { .name = (char *)"kim" };
	struct gw_onboard o = { .conf = c,
		.tunnel = &c->tunnels[0],
		.client = &cl,
		.pac = "a'; b $(c) `d\" \u2018\u2019\u201a\u201b\u201c\n" };
	char *text = onboard_text(&o, gw_powershell_write);

	(void)state;
	assert_non_null(strstr(text,
	    "$pac = 'a''; b $(c) `d\" "
	    "\u2018\u2018\u2019\u2019\u201a\u201a\u201b\u201b\u201c'\n"));
	free(text);
	gw_config_free(c);
}

static void
test_typed(void **state)
{
	struct gw_config *c = config("eap");
	struct gw_client cl = { .name = (char *)"kim",
		.password = (char *)"abcd-efgh" };
	struct gw_onboard o = {
		.conf = c, .tunnel = &c->tunnels[0], .client = &cl
	};
	char *text = onboard_text(&o, gw_android_write);

	(void)state;
	assert_string_equal(text,
	    "First install this file, as a CA certificate: "
	    "/var/lib/pared-gateway/home/authority/ca.crt\n"
	    "VPN: type IKEv2/IPSec MSCHAPv2, server address vpn.example.org, "
	    "IPSec identifier kim, IPSec CA certificate: the one installed, "
	    "username kim, password abcd-efgh\n"
	    "Its advanced options, proxy: host 10.78.0.1, port 8080\n");
	free(text);
	text = onboard_text(&o, gw_typed_write);
	assert_string_equal(text,
	    "type      IKEv2\nserver    vpn.example.org\n"
	    "remote id vpn.example.org\n"
	    "trusts    /var/lib/pared-gateway/home/authority/ca.crt\nuser      "
	    "kim\npassword  abcd-efgh\n"
	    "proxy     host 10.78.0.1, port 8080\n");
	free(text);
	gw_config_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eap),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
