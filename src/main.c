#include "source.h"

int main(void)
{
    return source_init() < 0;
}
