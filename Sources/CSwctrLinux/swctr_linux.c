#include "swctr_linux.h"
