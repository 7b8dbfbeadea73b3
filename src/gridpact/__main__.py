"""``python -m gridpact`` is ``gridpact``, where the folder of scripts is not on the path."""

from gridpact.app.cli import main

if __name__ == "__main__":
    main()
