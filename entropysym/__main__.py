"""python -m entropysym: the command line."""

from entropysym.cli import main

if __name__ == "__main__":
    main()
