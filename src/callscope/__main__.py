"""`python -m callscope`: the same as the command `callscope`."""

from callscope.cli import main

if __name__ == "__main__":
    main()
