/* qr.h: QR codes on a terminal. */
#ifndef BERTY_CMD_QR_H
#define BERTY_CMD_QR_H

/*
 * Print text as a QR code, two modules in one character (half blocks), dark on
 * light whatever the terminal's colours.  Prints nothing when the text is too
 * long for one.
 */
void qr_print(const char * text);

#endif /* !BERTY_CMD_QR_H */
