#include "check.h"
TEST(x) { CHECK(1); }
