"""A month of believable calls of three applications, for trying Callscope out: `callscope demo`."""
