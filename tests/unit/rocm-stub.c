/* A library by whose name AMD SMI must not be loaded: librocm_smi64.so.1. */
int rsmi_stub(void);

int rsmi_stub(void)
{
	return 0;
}
