#include "temperature.h"

#include "link/command.h"

int8_t temperature_of(int32_t counts, int32_t at_30, int32_t at_high, int32_t degrees)
{
    if (at_high <= at_30) {
        return PS_TEMPERATURE_UNKNOWN;
    }
    const int32_t celsius = 30 + (counts - at_30) * degrees / (at_high - at_30);

    if (celsius >= -40 && celsius <= 125) {
        return (int8_t)celsius;
    }
    return PS_TEMPERATURE_UNKNOWN;
}
