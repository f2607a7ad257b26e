"""Codes of fields (states and kinds), and status codes of refusals."""

from __future__ import annotations

INJECTION_POINT = {"PROGRAM": 1, "FILTERS": 2}
# Fraction bits of samples and coefficients; of both together where they differ.
NUMBER_FORMAT = {"Q15": 15, "Q31": 31, "Q31X15": 46}
SIGNAL = {"NOISE": 1, "FULL_SCALE": 2, "SCENES": 3}
# In the order of the pipeline.  DRIVER_SIGNAL is the signal of a driver before its limiter.
STAGE = {"BUS": 1, "EQUALISED": 6, "PATH": 2, "SUM": 3, "DRIVER_SIGNAL": 5, "OUTPUT": 4}
CLOCK = {"UNKNOWN": 0, "HSE_PLL": 1, "HSI_PLL": 2, "HSI": 3, "HOST": 4, "FIXED": 5, "SIMULATED": 6}
PLAYER = {"NONE": 0, "PLAYING": 1, "SERIAL": 2, "OVERLOAD": 3, "BAD_TABLES": 4, "FAULTS": 5}
RESET = {"UNKNOWN": 0, "POWER": 1, "PIN": 2, "SOFTWARE": 3, "WATCHDOG": 4, "FAULT": 5}
AUDIO_CLOCK = {"NONE": 0, "I2S": 1, "TIMER": 2}
SOURCE = {"IMAGE": 1, "LINE": 2, "SLOT": 3}
STATUS_CODES = {
    "OK": (0, "no error"),
    "E_COBS": (-1, "broken COBS, or a link frame too short or too long"),
    "E_CRC": (-2, "CRC-32 does not fit"),
    "E_HEADER": (-3, "protocol version or length field"),
    "E_SESSION": (-4, "not the current session: send HELLO"),
    "E_SEQUENCE": (-5, "a link frame before this one is missing"),
    "E_TYPE": (-6, "unknown message type"),
    "E_LENGTH": (-7, "payload of the wrong size"),
    "E_INJECTION_POINT": (-8, "unknown injection point"),
    "E_NOT_STARTED": (-9, "AUDIO before START"),
    "E_DESIGN": (-10, "the tables of the image are damaged"),
    "E_TIMEOUT": (-11, "hardware did not become ready"),
    "E_RANGE": (-20, "a field lies outside its range"),
    "E_NO_SEMIHOSTING": (-21, "this board has no semihosting pipes"),
    "E_NO_BOOTLOADER": (-22, "this board has no bootloader that it could enter"),
    "E_LAYOUT": (-30, "the tables are of another layout or filter graph"),
    "E_ROOM": (-31, "the tables need more room than the image has"),
    "E_BUSY": (-32, "a fade is ordered or in progress"),
    "E_INCOMPLETE": (-33, "the tables are missing or incomplete"),
    "E_NO_FLASH": (-35, "this board has no flash that it can write"),
    "E_FLASH": (-36, "flash could not be written, or read back differently; the tables kept before are still there"),
    "E_OVERLOAD": (-37, "the tables that play need more time than a block has: they are not kept"),
    "E_EQUALISED": (-38, "the tables have equalisers on other buses than the image"),
    "E_BOUND": (-34, "the tables exceed a limit of the overflow proof"),
}
# A NAK with one of these asks for a resend; E_SESSION ends the conversation.
STATUS_NAMES = {code: name for name, (code, _) in STATUS_CODES.items()}
