/* push_keys.h: keys that are nobody's, for tests. */
#ifndef BERTY_TEST_PUSH_KEYS_H
#define BERTY_TEST_PUSH_KEYS_H

#include "base/buffer.h"

static const char push_ec_pem[] =
"-----BEGIN PRIVATE KEY-----\n"
"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgd37DanK+aOejrOry\n"
"IHVq8E1zvUKnfOP7vb+rL7/4D1yhRANCAASIpZ/HZZDv+gzfCgOMo8Ov6tRYv3cm\n"
"Z7CCp02/iEHc89LLfnAMP8YEbu6Z/g/qs7Ui80HQwzP6VGRAZ1ijrFAB\n"
"-----END PRIVATE KEY-----\n";

static const char push_rsa_pem[] =
"-----BEGIN PRIVATE KEY-----\n"
"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC8nq3fUCM5zvCZ\n"
"Kqwk30dUGtVkv0XNCJl8JV17vc7CPQX7KPeilutA9JxfG9u6x1CIuRt55ly1R3mH\n"
"ac82H3ly39QtiB6+JA4pE0ksxXEW3SXv5KTz8APBr/vYC9ycbe07spVpH0QyxE4G\n"
"x9WdN/707oTJ/SrQ5fqwfT4icJ8OiWgPJ7R8QCTgKislF5TJdimy7nFgFUrrw9k/\n"
"dAg6KDHD5OnHhUB/AzzmTnLSBCWaIvSDW+8AOVWRAjbAEswrCzba+pkzfe7fAlQI\n"
"zT6lrrytZj2Z+I5NWF64c7suNHF3fK933M2tDR2XYjOBYMiidQWL6QapCEtsjZK4\n"
"MJGT+p33AgMBAAECggEAAoxwz6nufaGpzvc+vJhtE3Kca1fh5xaP/eCtRrB4J940\n"
"vYfZ5Iwi04eS+qkOp/TzAvUpiIvv6bMlWKknb/y6+v08ZRWsn1V4bo8suS5VmEdl\n"
"1SmwyINlhozVz3SO6KXPyadIRYpmzYBsMs9yVlF+nS64EAl9Zv63kZRx7honFS4I\n"
"8YIIlt3NxR0FnmMqxO4ftzSvk+PxfxizOHo4pzFRe6qa1A6OzAuvndV6afUfgq4T\n"
"NjiofCebQna1SValNVZOzEUn8i739o2v+F2LdCqz/zSvd0L95xoUctgfpavTmM7j\n"
"UOC8HRap7E4TLR+8evtcYfguYUWYHECL8IIuFRSGQQKBgQDcQrEIJfm1Es3h17Yr\n"
"jX6sSLPhMSmHynI86ks+D2JuzKv4RRGkee9zFAu7hIg5h9rCJeMmLFBB2bF808QB\n"
"lW5Ltd5KnVLb01/VyHnES+cmgipJs1Ozepb06Ee5Q1W0pn6McEoA+Oeg0KA2TZwG\n"
"dRyt7wGx/VPiBmCU4gbBhvSemQKBgQDbOa3ZLPHkae5NKZS6bYr9OSjMXlxbHQyo\n"
"0pFAszSwSgQFHUfjZzPE3dabDU0h7WzfyooQSceL0kd+DaRl398DZkQ43IaGBd8N\n"
"Nr9LKQdcPRk0dACyrk6fEd1sqphwCWCdAzVlpPisprXN6YYuQYuERaB4bcNuNOwf\n"
"ui7YeDLLDwKBgQCR8tcfkRpPc7Bcr/UUEuQXAO3AkDT2t5zO5GkLLGKLDK//CLVS\n"
"CUIzPNsxW/ZwOKcp8rT7PG3J1JgZILFGY1/8Zvxu8KRQ6VUdcYPOIIWALMwcneke\n"
"imKw0aGFDyshUxmTsWw4DLZfBx7CHNcAKGXikvbKnBQTNyqUPNlBL020MQKBgEFS\n"
"hoLX6ZvuFJvZb/+89FVP2uBKnapolYUYeT+WJnUBGQGNIAaakcpvb6rz46/gVzi3\n"
"2TvRQCxhk/vzhLD2bDVPG7T1wP/ecAA39/glWZQagJAooKydU8ACSsA+dP2tTaR7\n"
"eEW5Sn/njPS2SM0vqqrXNGGuEzWbf2BU0fCeoEPxAoGAakHc5SCgjgT4YKL1akMt\n"
"zLU/ywC4EeM13CWLfVe0ywHAiNSNsUFengrk0M31Ohwra5mNb9ERdELGyyAei5cG\n"
"+rA+4vLZW05pRkv6nMhflWb+bpRcDwL12YagdiR28S0vjtwbvZkw5ei1laaQ4vPX\n"
"T/Ki1ztcNwF/ihOeTaSZHLE=\n"
"-----END PRIVATE KEY-----\n";

/* The JSON of a service account. */
static inline void
push_account(struct buffer * out, const char * token_url)
{
	const char * p;

	buffer_printf(out, "{\"type\":\"service_account\",\"project_id\":"
	    "\"a-project\",\"client_email\":\"a@b\",\"token_uri\":\"%s\","
	    "\"private_key\":\"", token_url);
	for (p = push_rsa_pem; *p != '\0'; p++)
		if (*p == '\n')
			buffer_text(out, "\\n");
		else
			buffer_byte(out, (uint8_t)*p);
	buffer_text(out, "\"}");
}

#endif /* !BERTY_TEST_PUSH_KEYS_H */
