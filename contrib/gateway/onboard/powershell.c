/*
 * Windows 10 and later, by a script of PowerShell: there is no file that its
 * VPN client takes. Without Set-VpnConnectionIPsecConfiguration it proposes
 * 1024-bit Diffie-Hellman and SHA-1, which the server refuses.
 */
#include <stdlib.h>

#include "onboard/onboard.h"

/*
 * A literal in single quotes, in which nothing but the quote means anything;
 * written twice it is one. PowerShell takes U+2018 to U+201B for it as well.
 */
static void
quote(const char *text, FILE *out)
{
	fputc('\'', out);
	for (; *text != '\0'; text++) {
		const unsigned char *u = (const unsigned char *)text;

		if (u[0] == '\'') {
			fputs("''", out);
		} else if (u[0] == 0xe2 && u[1] == 0x80 && u[2] >= 0x98 &&
			   u[2] <= 0x9b) {
			fprintf(out, "%.3s%.3s", text, text);
			text += 2;
		} else if (u[0] >= ' ') {
			fputc(*text, out);
		}
	}
	fputc('\'', out);
}

static void
variable(const char *name, const char *value, FILE *out)
{
	fprintf(out, "$%s = ", name);
	quote(value, out);
	fputc('\n', out);
}

/* Bytes to a file, which is taken in and removed, also where that fails: a
 * wrong password must not leave the key behind. */
static void
import(const unsigned char *bytes, size_t len, const char *ending,
    const char *how, FILE *out)
{
	char *text = gw_onboard_base64(bytes, len);

	fprintf(out, "$file = Join-Path $env:TEMP \"$(New-Guid)%s\"\n", ending);
	fprintf(out,
	    "[IO.File]::WriteAllBytes($file, "
	    "[Convert]::FromBase64String('%s'))\n",
	    text);
	fprintf(out,
	    "try {\n    %s | Out-Null\n} finally {\n"
	    "    Remove-Item $file\n}\n",
	    how);
	free(text);
}

static void
write_connection(const struct gw_onboard *o, FILE *out)
{
	bool eap = o->tunnel->auth == GW_AUTH_EAP;

	fputs("Get-VpnConnection -Name $name -ErrorAction SilentlyContinue |\n"
	      "    Remove-VpnConnection -Force\n",
	    out);
	fprintf(out,
	    "Add-VpnConnection -Name $name -ServerAddress $server `\n"
	    "    -TunnelType Ikev2 -EncryptionLevel Maximum %s `\n"
	    "    -RememberCredential -Force\n",
	    eap ? "`\n    -AuthenticationMethod Eap -EapConfigXmlStream "
		  "(New-EapConfiguration).EapConfigXmlStream"
		: "-AuthenticationMethod MachineCertificate");
	fputs("Set-VpnConnectionIPsecConfiguration -ConnectionName $name `\n"
	      "    -EncryptionMethod GCMAES256 -IntegrityCheckMethod SHA256 "
	      "`\n"
	      "    -DHGroup ECP256 -PfsGroup ECP256 `\n"
	      "    -CipherTransformConstants GCMAES256 `\n"
	      "    -AuthenticationTransformConstants GCMAES256 -Force\n",
	    out);
}

void
gw_powershell_write(const struct gw_onboard *o, FILE *out)
{
	char *title = gw_onboard_title(o);

	fputs("# Windows 10 and later, as an administrator:\n"
	      "#   powershell -ExecutionPolicy Bypass -File FILE.ps1\n"
	      "#Requires -RunAsAdministrator\n"
	      "$ErrorActionPreference = 'Stop'\n",
	    out);
	variable("name", title, out);
	variable("server", gw_onboard_host(o), out);
	if (o->ca != NULL)
		import(o->ca, o->ca_len, ".cer",
		    "Import-Certificate -FilePath $file -CertStoreLocation "
		    "Cert:\\LocalMachine\\Root",
		    out);
	if (o->p12 != NULL)
		import(o->p12, o->p12_len, ".pfx",
		    "Import-PfxCertificate -FilePath $file -CertStoreLocation "
		    "Cert:\\LocalMachine\\My `\n        -Password (Read-Host "
		    "'Password of the certificate' -AsSecureString)",
		    out);
	write_connection(o, out);
	if (o->pac != NULL) {
		variable("pac", o->pac, out);
		fputs("Set-VpnConnectionProxy -ConnectionName $name "
		      "-AutoConfigurationScript $pac\n",
		    out);
	}
	free(title);
}
