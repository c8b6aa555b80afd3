# mypy: ignore-errors
"""Runs inside the container, as the project's interpreter: copies the tree and runs pytest on the copy."""

task = globals().get("task") or json.loads(sys.stdin.buffer.read())
tell = open_channel(task.pop("nonce"))


def copy_tree(source, target):
    import shutil

    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)


def main():
    try:
        copy_tree(task["source"], task["tree"])
        with open(os.path.join(task["tree"], task["ini_name"]), "w", encoding="utf-8") as ini:
            ini.write(task["ini"])
        os.chdir(task["tree"])
    except OSError as broken:
        tell(k="no_room" if broken.errno == 28 else "fault", text="the tree cannot be copied: %s" % broken)
        os._exit(70)
    sys.dont_write_bytecode = True
    paths = [path for path in task["paths"] if os.path.isdir(path)]
    if task.get("reached"):
        watch(*task["reached"])
    touched = Touched(task["tree"]) if task.get("touch") else None
    run_pytest(tell, task["arguments"], task["tree"], paths, task["wanted"], task.get("share"), touched, task["aside"])


main()
