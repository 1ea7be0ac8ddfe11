"""`python -m intune_scep.cli`, where the command itself is not on the path."""

from intune_scep.cli import main

if __name__ == "__main__":
    main()
